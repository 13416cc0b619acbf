//! What happens by itself as time passes: graces end, changes are told, typing ends.

use std::time::Duration;

use hoopoe_bus::{Notice, Whereabouts};

use crate::{
    Presence,
    model::{
        typists::Ended,
        watches::{News, Question},
    },
};

/// How soon a change is told.
const EVERY: Duration = Duration::from_millis(250);
/// Pairs in doubt that are asked for at once.
const DOUBTS_PER_TICK: usize = 1_024;

/// What a tick has to do outside the lock.
struct Work {
    told: Vec<(u64, Whereabouts)>,
    news: Vec<News>,
    ended: Vec<Ended>,
    questions: Vec<Question>,
}

impl Presence {
    /// Ticks until the task is ended.
    pub async fn run(self) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.tick().await;
        }
    }

    /// Does what is due by the clock.
    pub async fn tick(&self) {
        let _one_at_a_time = self.0.ticking.lock().await;
        let now = self.now();
        let Work { told, news, ended, questions } = self.work();
        for (n, told) in told {
            let life = self.0.life;
            self.0.parts.bus.publish(Notice::Whereabouts { life, n, told });
        }
        self.tell(news);
        self.end_typing(ended).await;
        self.settle_doubts(questions).await;
        self.note_seen(now.age).await;
    }

    fn work(&self) -> Work {
        let now = self.now();
        let state = &mut *self.state();
        for gone in state.roster.expire(now) {
            state.watches.changed(gone.uid, Some(gone.left_at));
            state.unwritten.add(&gone);
        }
        let roster = &state.roster;
        let news = state.watches.tell(now.age, |uid| roster.is_online(uid));
        metrics::gauge!("hoopoe_presence_online").set(state.roster.count() as f64);
        metrics::gauge!("hoopoe_presence_subscriptions").set(state.watches.count() as f64);
        Work {
            told: state.roster.speak(now),
            news,
            ended: state.typists.end(now.age),
            questions: state.watches.take_doubts(DOUBTS_PER_TICK),
        }
    }

    /// Asks again who sees whom, and tells those for whom that has changed.
    async fn settle_doubts(&self, questions: Vec<Question>) {
        if questions.is_empty() {
            return;
        }
        match self.ask(questions.clone()).await {
            Ok(answers) => {
                let news = self.state().watches.settle(&answers);
                self.tell(news);
            }
            Err(fail) => {
                tracing::debug!(%fail, "who sees whom could not be asked; what is in doubt waits");
                self.state().watches.put_back(questions);
            }
        }
    }
}
