//! The use cases, one to a file, and the names that they remember.

mod authenticate;
mod delete_user;
mod get_user;
pub(crate) mod hashing;
mod issue_token;
mod list_sessions;
mod list_users;
mod login;
pub(crate) mod names;
mod refresh;
mod register;
mod resolve;
mod revoke_session;
mod set_password;
mod settings;
mod sign_in;
mod start_session;
pub(crate) mod throttle;
mod update_user;
mod upsert_users;

use std::future::Future;

use hoopoe_kernel::Fail;

pub use authenticate::Authenticator;
pub use set_password::Sessions;
pub use start_session::Started;
pub use upsert_users::Upserted;

/// Work that goes on when its caller leaves: what must follow a commit is done as soon as the
/// commit is, or a socket of a revoked session would stay open because somebody hung up.
async fn outlive<T: Send + 'static>(
    work: impl Future<Output = Result<T, Fail>> + Send + 'static,
) -> Result<T, Fail> {
    tokio::spawn(work).await.unwrap_or_else(|error| Err(Fail::internal().caused_by(error)))
}
