//! The use cases, one to a file, and the names that they remember.

mod authenticate;
mod delete_user;
mod get_user;
mod issue_token;
mod list_sessions;
mod list_users;
pub(crate) mod names;
mod resolve;
mod revoke_session;
mod settings;
mod start_session;
mod update_user;
mod upsert_users;

use std::future::Future;

use hoopoe_kernel::Fail;

pub use authenticate::Authenticator;
pub use start_session::Started;
pub use upsert_users::Upserted;

/// Work that goes on when its caller leaves: what must follow a commit is done as soon as the
/// commit is, or a socket of a revoked session would stay open because somebody hung up.
async fn outlive<T: Send + 'static>(
    work: impl Future<Output = Result<T, Fail>> + Send + 'static,
) -> Result<T, Fail> {
    tokio::spawn(work).await.unwrap_or_else(|error| Err(Fail::internal().caused_by(error)))
}
