//! Passwords to hashes, in a few slots: checking one is slow on purpose, and a flood of sign-ins
//! must neither take the cores from messages nor fill the memory.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use hoopoe_kernel::{Env, Fail};
use hoopoe_wire::codes;
use tokio::sync::Semaphore;

use crate::model::{
    password::Plain,
    settings::{HashCost, SignInSettings},
};

/// Who is told to come again does so after this long, in milliseconds.
const BUSY_MS: u64 = 2_000;
const SALT_BYTES: usize = 16;

/// What came out of comparing a password.
pub(crate) enum Verdict {
    /// It is another one, or there is none.
    Wrong,
    /// It is the one. With a new hash when the old one was cheaper than what is asked for now.
    Right { rehashed: Option<String> },
}

/// Hashes and compares. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hasher {
    env: Arc<Env>,
    argon: Argon2<'static>,
    slots: Arc<Semaphore>,
    /// Those in a slot and those who wait for one.
    queue: Arc<AtomicUsize>,
    queue_max: usize,
}

/// A place in the queue, given up when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Hasher {
    pub(crate) fn new(env: Arc<Env>, settings: &SignInSettings) -> Self {
        let slots = settings.hash_slots.get();
        Self {
            env,
            argon: Argon2::new(Algorithm::Argon2id, Version::V0x13, params(settings.cost)),
            slots: Arc::new(Semaphore::new(slots)),
            queue: Arc::default(),
            queue_max: slots.saturating_add(settings.hash_queue),
        }
    }

    /// The hash of a new password, with its own salt and with what it cost. 429 when too many wait.
    pub(crate) async fn hash(&self, plain: Plain) -> Result<String, Fail> {
        let (argon, salt) = (self.argon.clone(), self.salt());
        self.in_slot(move || hash(&argon, &plain, &salt)).await?
    }

    /// Compares with what is kept. Where nothing is, it works as long. 429 when too many wait.
    pub(crate) async fn verify(&self, plain: Plain, kept: Option<String>) -> Result<Verdict, Fail> {
        let (argon, salt) = (self.argon.clone(), self.salt());
        self.in_slot(move || verify(&argon, &plain, kept.as_deref(), &salt)).await?
    }

    fn salt(&self) -> [u8; SALT_BYTES] {
        let mut salt = [0; SALT_BYTES];
        self.env.entropy.fill(&mut salt);
        salt
    }

    async fn in_slot<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fail> {
        let place = self
            .queue_up()
            .ok_or_else(|| Fail::new(&codes::SIGN_IN_BUSY).retry_after_ms(BUSY_MS))?;
        let slot = self.slots.clone().acquire_owned().await;
        let slot = slot.map_err(|closed| Fail::internal().caused_by(closed))?;
        // Who leaves while the work is done gives up neither place nor slot before its end.
        let running = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((slot, place));
            done
        });
        running.await.map_err(|broken| Fail::internal().caused_by(broken))
    }

    fn queue_up(&self) -> Option<Place> {
        let place = Place(self.queue.clone());
        let before = self.queue.fetch_add(1, Ordering::AcqRel);
        (before < self.queue_max).then_some(place)
    }
}

fn params(cost: HashCost) -> Params {
    Params::new(cost.memory_kib(), cost.passes(), cost.lanes(), None)
        .expect("HashCost is within the bounds of Argon2 by its constructor")
}

fn hash(argon: &Argon2<'_>, plain: &Plain, salt: &[u8]) -> Result<String, Fail> {
    match argon.hash_password_with_salt(plain.bytes(), salt) {
        Ok(hash) => Ok(hash.to_string()),
        Err(error) => Err(Fail::internal().caused_by(error)),
    }
}

fn verify(
    argon: &Argon2<'_>,
    plain: &Plain,
    kept: Option<&str>,
    salt: &[u8],
) -> Result<Verdict, Fail> {
    let Some(kept) = kept else {
        let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
        let worked = argon.hash_password_into(plain.bytes(), salt, &mut out);
        worked.map_err(|error| Fail::internal().caused_by(error))?;
        black_box(out);
        return Ok(Verdict::Wrong);
    };
    let kept = PasswordHash::new(kept).map_err(|error| Fail::internal().caused_by(error))?;
    if argon.verify_password(plain.bytes(), &kept).is_err() {
        return Ok(Verdict::Wrong);
    }
    let cost = Params::try_from(&kept).map_err(|error| Fail::internal().caused_by(error))?;
    let now = argon.params();
    let is_same =
        (cost.m_cost(), cost.t_cost(), cost.p_cost()) == (now.m_cost(), now.t_cost(), now.p_cost());
    let rehashed = if is_same { None } else { Some(hash(argon, plain, salt)?) };
    Ok(Verdict::Right { rehashed })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use hoopoe_wire::signin::Password;

    use super::*;

    fn hasher(cost: HashCost, slots: usize, hash_queue: usize) -> Hasher {
        let hash_slots = NonZeroUsize::new(slots).expect("slots");
        let settings = SignInSettings { cost, hash_slots, hash_queue, ..Default::default() };
        Hasher::new(Env::system(), &settings)
    }

    fn plain(text: &str) -> Plain {
        Plain::claimed("/password", &Password::new(text)).expect("short")
    }

    fn rehashed(verdict: Verdict) -> Option<String> {
        match verdict {
            Verdict::Right { rehashed } => rehashed,
            Verdict::Wrong => None,
        }
    }

    async fn is_right(hasher: &Hasher, text: &str, kept: Option<&str>) -> bool {
        let verdict = hasher.verify(plain(text), kept.map(str::to_owned)).await;
        matches!(verdict.expect("a free slot"), Verdict::Right { .. })
    }

    #[tokio::test]
    async fn the_right_password_and_no_other_is_recognised() {
        let hasher = hasher(HashCost::LEAST, 1, 1);
        let kept = hasher.hash(plain("correct horse")).await.expect("a hash");
        assert!(kept.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{kept}");
        assert_ne!(kept, hasher.hash(plain("correct horse")).await.expect("a hash"), "salted");
        assert!(is_right(&hasher, "correct horse", Some(&kept)).await);
        assert!(!is_right(&hasher, "Correct horse", Some(&kept)).await);
        assert!(!is_right(&hasher, "correct horse", None).await);
        assert!(hasher.verify(plain("x"), Some("damaged".to_owned())).await.is_err());
    }

    #[tokio::test]
    async fn a_cheaper_hash_is_made_anew() {
        let cheap = hasher(HashCost::LEAST, 1, 1);
        let kept = cheap.hash(plain("correct horse")).await.expect("a hash");
        let dear = hasher(HashCost::new(9_216, 5, 1).expect("above the floor"), 1, 1);
        let verdict = dear.verify(plain("correct horse"), Some(kept)).await.expect("a slot");
        let new = rehashed(verdict).expect("a new hash");
        assert!(new.contains("m=9216,t=5,p=1"), "{new}");
        let verdict = dear.verify(plain("correct horse"), Some(new)).await.expect("a slot");
        assert!(matches!(verdict, Verdict::Right { rehashed: None }));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_flood_finds_two_slots_and_a_short_queue() {
        let hasher = hasher(HashCost::LEAST, 2, 6);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let gate = Arc::new((std::sync::Mutex::new(false), std::sync::Condvar::new()));
        let one = || {
            let (now, most, gate) = (now.clone(), most.clone(), gate.clone());
            let hasher = hasher.clone();
            async move {
                let work = move || {
                    let running = now.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(running, Ordering::SeqCst);
                    let (open, opened) = &*gate;
                    let guard = open.lock().expect("not poisoned");
                    drop(opened.wait_while(guard, |open| !*open).expect("not poisoned"));
                    now.fetch_sub(1, Ordering::SeqCst);
                };
                hasher.in_slot(work).await.map_err(|fail| fail.code().status)
            }
        };
        let running: Vec<_> = (0..8).map(|_| tokio::spawn(one())).collect();
        while hasher.queue.load(Ordering::SeqCst) < 8 {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            assert_eq!(one().await, Err(429), "the queue is full");
        }
        // Both slots are taken before any is given back.
        while most.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        *gate.0.lock().expect("not poisoned") = true;
        gate.1.notify_all();
        for one in running {
            assert_eq!(one.await.expect("no panic"), Ok(()));
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
        assert_eq!(hasher.queue.load(Ordering::SeqCst), 0);
        assert_eq!(one().await, Ok(()), "and then there is room again");
    }
}
