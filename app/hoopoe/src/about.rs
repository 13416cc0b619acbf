//! `server.info`: what the server tells everybody of itself.

use hoopoe_accounts::{Registration, SignInSettings};
use hoopoe_apps::Apps;
use hoopoe_kernel::{Answer, Auth, Command, Fail, Method};
use hoopoe_wire::{page::Empty, server::ServerInfo};

use crate::config::Config;

/// What does not change while the server runs, and whom to ask for the rest.
#[derive(Clone)]
pub(crate) struct About {
    apps: Apps,
    app: Option<String>,
    registration: bool,
    password_chars_min: u32,
}

impl About {
    /// As these settings say.
    pub(crate) fn new(config: &Config, apps: Apps) -> Self {
        let SignInSettings { registration, password_chars_min, .. } = config.accounts.settings();
        Self {
            apps,
            app: config.web.app.clone(),
            registration: registration == Registration::Open,
            password_chars_min: u32::try_from(password_chars_min).unwrap_or(u32::MAX),
        }
    }

    async fn info(&self) -> Result<ServerInfo, Fail> {
        let app = match &self.app {
            Some(chosen) => self.apps.find(chosen).await?.map(|(_, app)| app),
            None => self.apps.only().await?,
        };
        Ok(ServerInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            app: app.map(|app| app.name),
            registration: self.registration,
            password_chars_min: self.password_chars_min,
        })
    }

    /// The table.
    pub(crate) fn commands(self) -> Vec<Command> {
        vec![
            Command::new("server.info", Method::Get, "/v1/server")
                .doc("Tells a client what it must know before anybody has signed in.")
                .auth(Auth::Public)
                .handle(move |_ctx, _: Empty| {
                    let about = self.clone();
                    async move { Ok(Answer::ok(about.info().await?)) }
                }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use hoopoe_wire::apps::CreateApp;

    use super::*;
    use crate::{compose::House, operator::system};

    #[tokio::test]
    async fn the_app_is_the_chosen_one_or_else_the_only_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut config = Config::default();
        let house = House::open(&config, Some(directory.path())).await.expect("opens");
        let app = async |config: &Config| {
            let info = About::new(config, house.apps.clone()).info().await.expect("answers");
            assert!(!info.registration && info.password_chars_min == 8);
            info.app
        };
        assert_eq!(app(&config).await, None);
        for name in ["shop", "store"] {
            let request = CreateApp { name: name.to_owned(), metadata: None };
            let (_, made) = house.apps.create(&system(&house), request).await.expect("made");
            let only = (name == "shop").then(|| name.to_owned());
            config.web.app = None;
            assert_eq!(app(&config).await, only);
            config.web.app = Some(made.id.to_string());
            assert_eq!(app(&config).await.as_deref(), Some(name), "by its id");
        }
        config.web.app = Some("shop".to_owned());
        assert_eq!(app(&config).await.as_deref(), Some("shop"));
        config.web.app = Some("nothing".to_owned());
        assert_eq!(app(&config).await, None);
        house.close().await;
    }
}
