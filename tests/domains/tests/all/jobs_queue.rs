//! Jobs are stored with their cause, taken by one, tried again, and buried where people find them.

use std::collections::HashSet;

use hoopoe_jobs::{JobError, JobId, Jobs, NewJob, Policy, Settled};
use hoopoe_kernel::{AppNo, Fail};
use hoopoe_testkit::{TestDb, db_test, test_env_seeded};
use hoopoe_wire::codes;

use crate::jobs_house::{APP, House, LEASE_MS, bodies, must, three_tries};

#[db_test]
async fn a_job_exists_when_its_cause_commits(db: TestDb) {
    let house = House::new(db).await;
    let jobs = house.jobs.clone();
    let refused = house.db.db.write(move |tx| {
        jobs.enqueue_in(tx, APP, &NewJob::new("mail", "lost"))?;
        Err::<(), _>(Fail::new(&codes::FORBIDDEN))
    });
    assert!(refused.await.is_err());
    let jobs = house.jobs.clone();
    let kept = house.db.db.write(move |tx| jobs.enqueue_in(tx, APP, &NewJob::new("mail", "kept")));
    let id = must(kept.await);
    let job = house.claim_one("mail").await;
    assert_eq!((job.id, job.app, job.attempt, &job.body[..]), (id, APP, 1, &b"kept"[..]));
    assert_eq!(must(house.jobs.complete(&job).await), Settled::Done);
    house.pass_ms(LEASE_MS + 1);
    assert_eq!(house.claim("mail", 10).await.len(), 0, "done is gone");
}

#[db_test]
async fn what_is_due_longest_comes_first_and_the_future_waits(db: TestDb) {
    let house = House::new(db).await;
    let now = house.env.clock.now();
    for (body, in_ms) in [("c", 3_000), ("a", -2_000), ("b", -1_000), ("d", 4_000)] {
        let job = NewJob::new("mail", body).at(now.plus_ms(in_ms));
        must(house.jobs.enqueue(APP, job).await);
    }
    house.enqueue("other", "x").await;
    let due = must(house.jobs.next_due(vec!["other", "mail", "none"]).await);
    assert_eq!(due, [Some(now), Some(now.plus_ms(-2_000)), None]);
    assert_eq!(bodies(&house.claim("mail", 1).await), ["a"]);
    assert_eq!(bodies(&house.claim("mail", 10).await), ["b"]);
    assert_eq!(must(house.jobs.next_due(vec!["mail"]).await), [Some(now.plus_ms(3_000))]);
    house.pass_ms(3_000);
    assert_eq!(bodies(&house.claim("mail", 10).await), ["c"]);
}

#[db_test]
async fn many_takers_share_without_overlap(db: TestDb) {
    let house = House::new(db).await;
    for n in 0..120 {
        house.enqueue("mail", &n.to_string()).await;
    }
    let mut takers = Vec::new();
    for seed in 0..4 {
        let jobs = Jobs::new(house.db.open_again().await, test_env_seeded(100 + seed).env);
        takers.push(tokio::spawn(async move {
            let mut taken = Vec::new();
            loop {
                let batch = must(jobs.claim("mail", 7, LEASE_MS).await);
                if batch.is_empty() {
                    return taken;
                }
                for job in batch {
                    assert_eq!(must(jobs.complete(&job).await), Settled::Done);
                    taken.push(job.id);
                }
            }
        }));
    }
    let mut all = Vec::new();
    for taker in takers {
        all.extend(taker.await.unwrap());
    }
    assert_eq!(all.len(), 120, "each was run once");
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 120);
}

#[db_test]
async fn a_claim_ends_with_its_lease_and_the_late_one_has_no_say(db: TestDb) {
    let house = House::new(db).await;
    house.enqueue("mail", "x").await;
    let late = house.claim_one("mail").await;
    house.pass_ms(LEASE_MS - 1);
    assert_eq!(house.claim("mail", 10).await.len(), 0);
    assert!(must(house.jobs.prolong(&late, LEASE_MS).await));
    house.pass_ms(LEASE_MS - 1);
    assert_eq!(house.claim("mail", 10).await.len(), 0, "it was prolonged");
    house.pass_ms(1);
    let heir = house.claim_one("mail").await;
    assert_eq!((heir.id, heir.attempt), (late.id, 2));

    let (policy, error) = (Policy::default(), JobError::new("too late"));
    assert!(!must(house.jobs.prolong(&late, LEASE_MS).await));
    assert_eq!(must(house.jobs.complete(&late).await), Settled::Lost);
    assert_eq!(must(house.jobs.fail(&late, &policy, &error).await), Settled::Lost);
    assert!(!must(house.jobs.release(&late).await));
    assert_eq!(must(house.jobs.complete(&heir).await), Settled::Done);
    assert_eq!(must(house.jobs.complete(&heir).await), Settled::Lost, "once is enough");
}

#[db_test]
async fn a_job_that_is_given_back_has_lost_no_try(db: TestDb) {
    let house = House::new(db).await;
    house.enqueue("mail", "x").await;
    let job = house.claim_one("mail").await;
    assert!(must(house.jobs.release(&job).await));
    assert_eq!(house.claim_one("mail").await.attempt, 1, "and it is due at once");
}

#[db_test]
async fn a_failed_try_waits_longer_each_time_and_dies_at_last(db: TestDb) {
    let house = House::new(db).await;
    let id = house.enqueue("mail", "x").await;
    let error = JobError::new("the other side\0 is away");
    for (attempt, longest_ms) in [(1, 1_000), (2, 2_000)] {
        let job = house.claim_one("mail").await;
        assert_eq!(job.attempt, attempt);
        let now = house.env.clock.now();
        let settled = must(house.jobs.fail(&job, &three_tries(), &error).await);
        let Settled::Again(at) = settled else { panic!("{settled:?}") };
        let longest = now.plus_ms(longest_ms);
        assert!(at >= now.plus_ms(longest_ms / 2) && at <= longest, "{at} after {now}");
        house.pass_ms(longest_ms.unsigned_abs() / 2 - 1);
        assert_eq!(house.claim("mail", 10).await.len(), 0);
        house.pass_ms(longest_ms.unsigned_abs() / 2 + 1);
    }
    let job = house.claim_one("mail").await;
    assert_eq!(must(house.jobs.fail(&job, &three_tries(), &error).await), Settled::Dead);
    let died_at = house.env.clock.now();
    house.pass_ms(3_600_000);
    assert_eq!(house.claim("mail", 10).await.len(), 0);

    let dead = must(house.jobs.dead(APP, JobId::MAX, 10).await);
    assert_eq!(dead.len(), 1);
    let found = &dead[0];
    assert_eq!((found.id, found.attempts, found.dead_at), (id, 3, died_at));
    assert_eq!((found.kind.as_str(), &found.body[..]), ("mail", &b"x"[..]));
    assert_eq!(found.last_error, "the other side is away");
}

#[db_test]
async fn the_dead_are_listed_replayed_and_forgotten(db: TestDb) {
    let house = House::new(db).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        house.pass_ms(1);
        ids.push(house.enqueue("mail", &n.to_string()).await);
        let job = house.claim_one("mail").await;
        let never = JobError::never("no such address");
        assert_eq!(must(house.jobs.fail(&job, &three_tries(), &never).await), Settled::Dead);
    }
    ids.reverse();
    let page = must(house.jobs.dead(APP, JobId::MAX, 3).await);
    assert_eq!(page.iter().map(|job| job.id).collect::<Vec<_>>(), ids[..3]);
    let page = must(house.jobs.dead(APP, ids[2], 3).await);
    assert_eq!(page.iter().map(|job| job.id).collect::<Vec<_>>(), ids[3..]);
    assert_eq!(must(house.jobs.dead(AppNo(8), JobId::MAX, 3).await), [], "not another app's");

    assert!(!must(house.jobs.replay(AppNo(8), ids[0]).await));
    assert!(must(house.jobs.replay(APP, ids[0]).await));
    assert!(!must(house.jobs.replay(APP, ids[0]).await), "it lives again");
    let job = house.claim_one("mail").await;
    assert_eq!((job.id, job.attempt), (ids[0], 1), "with all its tries");
    assert_eq!(must(house.jobs.complete(&job).await), Settled::Done);

    let day_ms = 24 * 3_600 * 1_000;
    house.pass_ms(29 * day_ms);
    assert_eq!(must(house.jobs.sweep().await), 0);
    house.pass_ms(day_ms);
    assert_eq!(must(house.jobs.sweep().await), 4);
    assert_eq!(must(house.jobs.dead(APP, JobId::MAX, 10).await), []);
}

#[db_test]
async fn a_body_that_is_too_large_is_refused(db: TestDb) {
    let house = House::new(db).await;
    let refused = house.jobs.enqueue(APP, NewJob::new("mail", vec![0; 64 * 1024 + 1])).await;
    assert!(refused.unwrap_err().is(&codes::TOO_LARGE));
    house.enqueue("mail", &"x".repeat(64 * 1024)).await;
    assert_eq!(house.claim_one("mail").await.body.len(), 64 * 1024);
}

#[db_test]
async fn jobs_survive_a_restart(db: TestDb) {
    let mut house = House::new(db).await;
    let id = house.enqueue("mail", "x").await;
    let never_settled = house.claim_one("mail").await;
    drop(never_settled);
    house.db.reopen().await;
    house.jobs = Jobs::new(house.db.db.clone(), house.env.clone());
    house.pass_ms(LEASE_MS);
    let job = house.claim_one("mail").await;
    assert_eq!((job.id, job.attempt), (id, 2));
}
