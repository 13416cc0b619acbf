//! Recurring jobs: one of a key, on their grid, and never dead.

use bytes::Bytes;
use hoopoe_jobs::{JobError, JobId, Recurring, Settled};
use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::Time;

use crate::jobs_house::{APP, House, must, three_tries};

fn hourly(key: &str, body: &str) -> Recurring {
    let body = Bytes::from(body.to_owned());
    Recurring { kind: "report", key: key.to_owned(), body, every_ms: 3_600_000 }
}

async fn due(house: &House) -> Option<Time> {
    must(house.jobs.next_due(vec!["report"]).await)[0]
}

#[db_test]
async fn a_recurring_job_runs_on_its_grid_and_missed_runs_are_not_made_up_for(db: TestDb) {
    let house = House::new(db).await;
    let start = house.env.clock.now();
    must(house.jobs.schedule(APP, hourly("", "x")).await);
    assert_eq!(house.claim("report", 10).await.len(), 0);
    assert_eq!(due(&house).await, Some(start.plus_s(3_600)));
    house.pass_ms(3_600_000 + 5_000);
    let job = house.claim_one("report").await;
    assert_eq!((job.attempt, job.run_at), (1, start.plus_s(3_600)));
    house.pass_ms(5_000);
    assert_eq!(must(house.jobs.complete(&job).await), Settled::Done);
    assert_eq!(due(&house).await, Some(start.plus_s(2 * 3_600)), "late runs do not shift it");

    house.pass_ms(10 * 3_600_000);
    let job = house.claim_one("report").await;
    assert_eq!(must(house.jobs.complete(&job).await), Settled::Done);
    assert_eq!(house.claim("report", 10).await.len(), 0, "one run for all that were missed");
    assert_eq!(due(&house).await, Some(start.plus_s(12 * 3_600)));
}

#[db_test]
async fn of_a_key_there_is_one(db: TestDb) {
    let house = House::new(db).await;
    let start = house.env.clock.now();
    must(house.jobs.schedule(APP, hourly("a", "old")).await);
    must(house.jobs.schedule(APP, hourly("b", "x")).await);
    house.pass_ms(60_000);
    must(house.jobs.schedule(APP, hourly("a", "new")).await);
    assert_eq!(due(&house).await, Some(start.plus_s(3_600)), "a restart does not put it off");
    house.pass_ms(3_600_000);
    let jobs = house.claim("report", 10).await;
    let mut bodies = crate::jobs_house::bodies(&jobs);
    bodies.sort();
    assert_eq!(bodies, ["new", "x"]);
    for job in &jobs {
        assert_eq!(must(house.jobs.complete(job).await), Settled::Done);
    }
    assert!(must(house.jobs.unschedule(APP, "report", "a").await));
    assert!(!must(house.jobs.unschedule(APP, "report", "a").await));
    house.pass_ms(3_600_000);
    assert_eq!(crate::jobs_house::bodies(&house.claim("report", 10).await), ["x"]);
}

#[db_test]
async fn a_shorter_interval_counts_at_once_but_not_against_a_run_that_goes_on(db: TestDb) {
    let house = House::new(db).await;
    let start = house.env.clock.now();
    must(house.jobs.schedule(APP, hourly("", "x")).await);
    let minutely = Recurring { every_ms: 60_000, ..hourly("", "x") };
    must(house.jobs.schedule(APP, minutely.clone()).await);
    assert_eq!(due(&house).await, Some(start.plus_s(60)));
    house.pass_ms(60_000);
    let job = house.claim_one("report").await;
    let lease_end = due(&house).await;
    must(house.jobs.schedule(APP, Recurring { every_ms: 1_000, ..minutely }).await);
    assert_eq!(due(&house).await, lease_end);
    assert_eq!(must(house.jobs.complete(&job).await), Settled::Done);
    assert_eq!(due(&house).await, Some(start.plus_s(61)), "by the interval as it is now");
}

#[db_test]
async fn a_recurring_job_that_fails_goes_on(db: TestDb) {
    let house = House::new(db).await;
    let start = house.env.clock.now();
    must(house.jobs.schedule(APP, hourly("", "x")).await);
    house.pass_ms(3_600_000);
    let error = JobError::new("it rains");
    for _ in 0..2 {
        let job = house.claim_one("report").await;
        must(house.jobs.fail(&job, &three_tries(), &error).await);
        house.pass_ms(2_000);
    }
    let job = house.claim_one("report").await;
    let settled = must(house.jobs.fail(&job, &three_tries(), &error).await);
    assert_eq!(settled, Settled::Again(start.plus_s(2 * 3_600)), "the next run, not a grave");
    assert_eq!(must(house.jobs.dead(APP, JobId::MAX, 10).await), []);
    house.pass_ms(3_600_000);
    assert_eq!(house.claim_one("report").await.attempt, 1);
}
