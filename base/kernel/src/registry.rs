//! The one table of commands. REST, the socket and MCP enter here, so that every guard exists once.

use std::sync::Arc;

use aws_lc_rs::digest;
use hoopoe_wire::codes;
use metrics::Counter;
use rustc_hash::FxHashMap;

use crate::{
    Actor, BoxFuture, Command, CommandInfo, Ctx, Fail, Idempotency, Input, Reply,
    ports::{Credential, Identity, Ports, Quota, Remembered},
};

/// One call, authenticated.
pub struct Call<'a> {
    /// Which command, from [`Registry::find`] or [`Registry::commands`].
    pub index: usize,
    /// Who calls.
    pub ctx: Ctx,
    /// With what.
    pub input: Input<'a>,
    /// `Idempotency-Key`, for commands that honour it.
    pub idempotency_key: Option<&'a str>,
}

struct Entry {
    command: Command,
    calls: Counter,
    refusals: Counter,
}

/// All commands of the server.
pub struct Registry {
    entries: Vec<Entry>,
    by_name: FxHashMap<&'static str, usize>,
    ports: Ports,
}

impl Registry {
    /// Collects the domains' tables. A name or an address that stands twice is a bug in them.
    pub fn new(tables: Vec<Vec<Command>>, ports: Ports) -> Arc<Self> {
        let mut by_name = FxHashMap::default();
        let mut entries = Vec::new();
        for command in tables.into_iter().flatten() {
            let name = command.info.name;
            let known = by_name.insert(name, entries.len());
            debug_assert!(known.is_none(), "the command {name} stands twice");
            entries.push(Entry {
                calls: metrics::counter!("hoopoe_commands_total", "command" => name),
                refusals: metrics::counter!("hoopoe_command_refusals_total", "command" => name),
                command,
            });
        }
        Arc::new(Self { entries, by_name, ports })
    }

    /// The index of a command by its name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// A command by its index.
    pub fn command(&self, index: usize) -> &Command {
        &self.entries[index].command
    }

    /// All commands, in the order of the tables.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.entries.iter().map(|entry| &entry.command)
    }

    /// Who calls; 401 for a credential that is unknown, expired or revoked.
    pub fn identify(&self, credential: Credential) -> BoxFuture<Result<Identity, Fail>> {
        self.ports.authenticate.authenticate(credential)
    }

    /// Takes from the caller's bucket: the second guard, after authentication.
    pub fn admit(&self, index: usize, ctx: &Ctx) -> Result<Option<Quota>, Fail> {
        let admitted = self.ports.admit.admit(ctx, self.command(index).info.rate);
        if admitted.is_err() {
            self.entries[index].refusals.increment(1);
        }
        admitted
    }

    /// Runs an admitted call. What can be refused at once is; the future does the rest.
    pub fn call(&self, call: Call<'_>) -> BoxFuture<Result<Reply, Fail>> {
        let entry = &self.entries[call.index];
        entry.calls.increment(1);
        let started = self.start(&entry.command, call);
        match started {
            Ok(running) => running,
            Err(fail) => {
                entry.refusals.increment(1);
                Box::pin(std::future::ready(Err(fail)))
            }
        }
    }

    fn start(
        &self,
        command: &Command,
        call: Call<'_>,
    ) -> Result<BoxFuture<Result<Reply, Fail>>, Fail> {
        let info = &command.info;
        info.auth.check(&call.ctx.actor)?;
        call.ctx.actor.check_scope(info.name)?;
        let audited = is_audited(&call.ctx.actor, info);
        let key = call.idempotency_key.filter(|_| info.idempotency == Idempotency::Key);
        let running = match key {
            Some(key) => self.remembered(command, &call, key)?,
            None => command.start(call.ctx.clone(), &call.input)?,
        };
        if !audited {
            return Ok(running);
        }
        let (audit, ctx, info) = (self.ports.audit.clone(), call.ctx, info.clone());
        Ok(Box::pin(async move {
            let result = running.await;
            let status = match &result {
                Ok(reply) => reply.status,
                Err(fail) => fail.code().status,
            };
            // A flood that a limit turned away is counted, not written down one by one.
            if status != 429 {
                audit.record(&ctx, &info, ctx.request_id, status);
            }
            result
        }))
    }

    fn remembered(
        &self,
        command: &Command,
        call: &Call<'_>,
        key: &str,
    ) -> Result<BoxFuture<Result<Reply, Fail>>, Fail> {
        if key.is_empty() || key.len() > 255 || !key.is_ascii() {
            return Err(Fail::new(&codes::INVALID)
                .with_detail("Idempotency-Key is 1 to 255 ASCII characters"));
        }
        let hash = request_hash(command, &call.input);
        let running = command.start(call.ctx.clone(), &call.input)?;
        let (remember, ctx, key) = (self.ports.remember.clone(), call.ctx.clone(), key.to_owned());
        let work = async move {
            match remember.begin(&ctx, &key, hash).await? {
                Remembered::Answered(reply) => return Ok(reply),
                Remembered::Fresh => {}
            }
            let result = running.await;
            let kept = result.as_ref().ok();
            remember.finish(&ctx, &key, kept).await?;
            result
        };
        // It outlives its caller: one who leaves and comes back finds the reply, not a key that is
        // reserved for work that nobody does any more.
        Ok(Box::pin(async move {
            tokio::spawn(work).await.unwrap_or_else(|e| Err(Fail::internal().caused_by(e)))
        }))
    }
}

/// What a key did with more than a user's own rights is kept, and what a command wants kept.
fn is_audited(actor: &Actor, info: &CommandInfo) -> bool {
    let powerful = match actor {
        Actor::Server { .. } | Actor::Admin { .. } => true,
        Actor::User(user) => user.session.is_none(),
        Actor::Anonymous | Actor::System => false,
    };
    info.audited || (powerful && info.method != crate::Method::Get)
}

fn request_hash(command: &Command, input: &Input<'_>) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(command.info.name.as_bytes());
    match input {
        Input::Object(json) => hash.update(json),
        Input::Parts { params, body } => {
            for (name, value) in *params {
                for part in [name, value] {
                    hash.update(&[0]);
                    hash.update(part.as_bytes());
                }
            }
            hash.update(&[1]);
            hash.update(body);
        }
    }
    let mut out = [0; 32];
    out.copy_from_slice(hash.finish().as_ref());
    out
}
