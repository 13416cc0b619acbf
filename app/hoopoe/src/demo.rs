//! `--demo`: something to try at once.

use hoopoe_wire::{
    accounts::{IssueToken, UpsertUser},
    apps::CreateApp,
    codes,
};

use crate::{
    compose::House,
    operator::{enter_app, system, user_id},
    trouble::Trouble,
};

const APP: &str = "demo";
const PEOPLE: [(&str, &str); 2] = [("ann", "Ann"), ("bob", "Bob")];

/// Makes the app and its people where they are missing, and says how to begin.
pub(crate) async fn prepare(house: &House, url: &str) -> Result<String, Trouble> {
    if house.apps.find(APP).await?.is_none() {
        let request = CreateApp { name: APP.to_owned(), metadata: None };
        house.apps.create(&system(house), request).await?;
    }
    let (ctx, _) = enter_app(house, APP).await?;
    let mut tokens = Vec::new();
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
        let request = IssueToken { user, ttl_s: None, device: None };
        tokens.push((id, house.accounts.issue_token(&ctx, request).await?.token.0));
    }
    Ok(words(url, &tokens))
}

fn words(url: &str, tokens: &[(&str, String)]) -> String {
    let people: Vec<String> =
        tokens.iter().map(|(id, token)| format!("  {id:<8} {token}")).collect();
    let first = tokens.first().map_or("", |(_, token)| token);
    format!(
        "\n  page     {url}/\n  api      {url}/v1/openapi.json\n  socket   {}/v1/socket\n\n\
         Tokens of two users of the app `{APP}`, good for a day:\n\n{}\n\n\
         Begin a conversation of Ann and Bob:\n\n  \
         curl {url}/v1/conversations -H 'Authorization: Bearer {first}' \
         -H 'Content-Type: application/json' -d '{{\"kind\":\"direct\",\"members\":[\"bob\"]}}'\n",
        url.replacen("http", "ws", 1),
        people.join("\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_can_be_pasted() {
        let tokens = [("ann", "ut_1".to_owned()), ("bob", "ut_2".to_owned())];
        let words = words("http://127.0.0.1:8080", &tokens);
        assert!(words.contains("ws://127.0.0.1:8080/v1/socket"), "{words}");
        assert!(words.contains("-d '{\"kind\":\"direct\",\"members\":[\"bob\"]}'"), "{words}");
        assert!(words.contains("Bearer ut_1'") && words.contains("bob      ut_2"), "{words}");
    }
}
