//! `hoopoe restore`: a backup becomes a database again, in an epoch of its own.

use std::path::Path;

use serde_json::json;

use crate::{
    audit,
    compose::{self, Restored},
    config::Config,
    output::Answer,
    trouble::Trouble,
};

/// Restores and says what came of it. A server must not run on the directory or the database.
pub(crate) fn run(config: &Config, file: &Path) -> Result<Answer, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::failed(format!("cannot start: {error}")))?;
    let restored = runtime.block_on(compose::restore(config, file));
    audit::record_operator("restore", restored.is_ok());
    let Restored { epoch, place } = restored?;
    let text = format!(
        "restored {} into {place}, epoch {epoch}: clients fetch anew, and offer what they sent since",
        file.display()
    );
    Ok(Answer::new(json!({"file": file, "epoch": epoch}), text))
}
