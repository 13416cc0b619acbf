//! What was done with more than a user's own rights, as structured lines of the log.

use hoopoe_kernel::{Actor, CommandInfo, Ctx, ports::Audit};
use hoopoe_wire::RequestId;

/// The target of these lines.
pub(crate) const TARGET: &str = "audit";

/// Writes one line for each call.
pub(crate) struct AuditLog;

impl Audit for AuditLog {
    fn record(&self, ctx: &Ctx, command: &CommandInfo, request_id: RequestId, outcome: u16) {
        let (kind, key, user) = match &ctx.actor {
            Actor::Server { key, .. } => ("server", Some(key), None),
            Actor::Admin { key } => ("admin", Some(key), None),
            Actor::User(user) => ("server_as_user", None, Some(&user.id)),
            Actor::Anonymous => ("anonymous", None, None),
            Actor::System => ("system", None, None),
        };
        tracing::info!(
            target: TARGET,
            command = command.name,
            actor = kind,
            key = key.map(tracing::field::display),
            user = user.map(tracing::field::display),
            app = ctx.app.0,
            address = ctx.address.map(tracing::field::display),
            %request_id,
            outcome,
            "acted"
        );
    }
}

/// One line for what the operator did on the command line.
pub(crate) fn record_operator(command: &str, done: bool) {
    tracing::info!(target: TARGET, command, actor = "command_line", done, "acted");
}
