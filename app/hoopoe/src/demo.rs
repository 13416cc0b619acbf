//! `--demo`: something to try at once.

use hoopoe_accounts::Sessions;
use hoopoe_kernel::Ctx;
use hoopoe_wire::{
    UserId,
    accounts::{IssueToken, UpsertUser},
    apps::CreateApp,
    codes, ids,
    signin::{Password, SetPassword},
};

use crate::{
    compose::House,
    operator::{enter_app, system, user_id},
    trouble::Trouble,
};

/// The app of the people to try with.
pub(crate) const APP: &str = "demo";
const PEOPLE: [(&str, &str); 2] = [("ann", "Ann"), ("bob", "Bob")];
/// Letters and digits of a password: some 71 random bits.
const PASSWORD_CHARS: usize = 12;

/// Somebody to sign in as.
struct Person {
    id: &'static str,
    password: String,
    token: String,
}

/// Makes the app and its people where they are missing, and says how to begin.
pub(crate) async fn prepare(house: &House, url: &str) -> Result<String, Trouble> {
    if house.apps.find(APP).await?.is_none() {
        let request = CreateApp { name: APP.to_owned(), metadata: None };
        house.apps.create(&system(house), request).await?;
    }
    let (ctx, _) = enter_app(house, APP).await?;
    let mut people = Vec::new();
    for (id, name) in PEOPLE {
        let user = user_id(id)?;
        match house.accounts.get(&ctx, user.clone()).await {
            Ok(_) => {}
            Err(fail) if fail.is(&codes::USER_NOT_FOUND) => {
                let name = Some(name.to_owned());
                let request =
                    UpsertUser { user: user.clone(), name, avatar_url: None, metadata: None };
                house.accounts.upsert(&ctx, request).await?;
            }
            Err(fail) => return Err(fail.into()),
        }
        let password = fresh_password(house, &ctx, user.clone()).await?;
        let request = IssueToken { user, ttl_s: None, device: None };
        let token = house.accounts.issue_token(&ctx, request).await?.token.0;
        people.push(Person { id, password, token });
    }
    let program = std::env::current_exe();
    let program = program.map_or_else(|_| "hoopoe".to_owned(), |path| path.display().to_string());
    Ok(words(&program, url, &people))
}

/// A new one at every start: one that everybody knows would stay in the data directory, and the
/// next server in it might listen to the world. Browsers that are signed in stay so.
async fn fresh_password(house: &House, ctx: &Ctx, user: UserId) -> Result<String, Trouble> {
    let mut bytes = [0; 16];
    house.env.entropy.fill(&mut bytes);
    // The last digits are random through and through, the first one is not.
    let digits = ids::base62(bytes);
    let password: String =
        digits[digits.len() - PASSWORD_CHARS..].iter().copied().map(char::from).collect();
    let request = SetPassword { user, login: None, password: Password::new(password.clone()) };
    house.accounts.set_password(ctx, request, Sessions::Keep).await?;
    Ok(password)
}

fn words(program: &str, url: &str, people: &[Person]) -> String {
    let socket = url.replacen("http", "ws", 1);
    let chat = |who: &Person, with: &Person| {
        format!("  {program} chat --url {socket} --token {} --with {}\n", who.token, with.id)
    };
    let chats = match people {
        [one, other] => format!("{}{}", chat(one, other), chat(other, one)),
        _ => String::new(),
    };
    let line = |Person { id, password, token }: &Person| format!("  {id:<8} {password}  {token}");
    let first = people.first().map_or("", |person| &person.token);
    let people: Vec<String> = people.iter().map(line).collect();
    format!(
        "\n  page     {url}/\n  api      {url}/v1/openapi.json\n  socket   {socket}/v1/socket\n\n\
         Two users of the app `{APP}`: login name, password until the next start, token for a \
         day:\n\n{}\n\n\
         Begin a conversation of Ann and Bob:\n\n  \
         curl {url}/v1/conversations -H 'Authorization: Bearer {first}' \
         -H 'Content-Type: application/json' -d '{{\"kind\":\"direct\",\"members\":[\"bob\"]}}'\n\n\
         Or let them talk, each in a terminal of their own:\n\n{chats}",
        people.join("\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_can_be_pasted() {
        let person = |id, token: &str| Person {
            id,
            password: format!("{id}-secret"),
            token: token.to_owned(),
        };
        let people = [person("ann", "ut_1"), person("bob", "ut_2")];
        let words = words("/opt/hoopoe", "http://127.0.0.1:8080", &people);
        assert!(words.contains("ws://127.0.0.1:8080/v1/socket"), "{words}");
        assert!(words.contains("-d '{\"kind\":\"direct\",\"members\":[\"bob\"]}'"), "{words}");
        let chat = "/opt/hoopoe chat --url ws://127.0.0.1:8080 --token ut_2 --with ann\n";
        assert!(words.contains(chat), "{words}");
        assert!(
            words.contains("Bearer ut_1'") && words.contains("bob      bob-secret  ut_2"),
            "{words}"
        );
    }
}
