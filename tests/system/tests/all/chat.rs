//! `hoopoe chat`: two people in two terminals, driven through pipes.

use std::process::Stdio;

use hoopoe_testkit::{
    harness::{PATIENCE, fail, within},
    server::{binary, run_cli_with_input},
};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::house::House;

/// One of the two.
struct Terminal {
    child: Child,
    keys: Option<ChildStdin>,
    screen: Lines<BufReader<ChildStdout>>,
    seen: Vec<String>,
}

impl Terminal {
    fn open(url: &str, token: &str, with: Option<&str>) -> Self {
        Self::run(url, &["--token", token], with)
    }

    fn run(url: &str, who: &[&str], with: Option<&str>) -> Self {
        let mut command = Command::new(binary());
        command.args(["chat", "--url", url]).args(who);
        if let Some(with) = with {
            command.args(["--with", with]);
        }
        command.env_remove("HOOPOE_PASSWORD").env_remove("HOOPOE_TOKEN");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let keys = child.stdin.take();
        let screen = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, keys, screen, seen: Vec::new() }
    }

    async fn type_line(&mut self, line: &str) {
        let keys = self.keys.as_mut().expect("the input is open");
        keys.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// Waits for a line that contains this; what comes before it is kept in `seen`.
    async fn shows(&mut self, wanted: &str) -> String {
        let search = async {
            while let Some(line) = self.screen.next_line().await.unwrap() {
                self.seen.push(line.clone());
                if line.contains(wanted) {
                    return Some(line);
                }
            }
            None
        };
        let found = tokio::time::timeout(PATIENCE, search).await;
        match found {
            Ok(Some(line)) => line,
            _ => fail(format!("waited in vain for `{wanted}`; there was {:#?}", self.seen)),
        }
    }

    /// Ends the input, and waits for the end: exit code and standard error.
    async fn ends(mut self) -> (Option<i32>, String) {
        self.keys = None;
        let status = within(PATIENCE, "the end of the chat", self.child.wait()).await.unwrap();
        let mut words = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut words).await.unwrap();
        (status.code(), words)
    }
}

#[tokio::test]
async fn two_terminals_chat() {
    let mut house = House::open().await.with_people(&["ann", "bob"]).await;
    let url = format!("ws://{}", house.server.address());
    let conversation = house.direct("ann", "bob").await;
    let by = house.rest.acting_as("bob", &house.journal);
    for number in 1..=25 {
        let params = json!({"conversation": &*conversation, "client_id": format!("{number}"),
            "kind": "text", "text": format!("old {number}")});
        by.must("messages.send", params).await;
    }
    let mut ann = Terminal::open(&url, &house.fresh_token("ann").await, Some("bob"));
    ann.shows("bob: old 25").await;
    let history: Vec<_> = ann.seen.iter().filter(|line| line.contains("old")).collect();
    assert_eq!((history.len(), &**history[0]), (20, "bob: old 6"));

    let mut bob = Terminal::open(&url, &house.fresh_token("bob").await, Some("ann"));
    bob.shows("bob: old 25").await;
    ann.type_line("你好，Bob 👋").await;
    assert_eq!(bob.shows("你好").await, "ann: 你好，Bob 👋");
    assert_eq!(ann.shows("你好").await, "ann: 你好，Bob 👋");
    assert_eq!(ann.shows("read").await, "* bob has read");
    bob.type_line("hi Ann").await;
    ann.shows("bob: hi Ann").await;

    // The server is away: what is typed meanwhile leaves when it is back.
    house.server.kill().await;
    ann.shows("trying again").await;
    ann.type_line("are you there?").await;
    house.server.restart().await;
    ann.shows("* connected again").await;
    bob.shows("ann: are you there?").await;

    ann.type_line("/list").await;
    ann.shows("  bob").await;
    ann.type_line("/dance").await;
    ann.shows("there is no /dance").await;
    ann.type_line("/with nobody").await;
    ann.shows("there is nobody of this name").await;
    ann.type_line("/quit").await;
    assert_eq!(ann.ends().await, (Some(0), String::new()));
    bob.type_line("the last word").await;
    assert_eq!(bob.ends().await, (Some(0), String::new()), "the end of the input is the end");
    let by = house.rest.acting_as("ann", &house.journal);
    let page = by.must("messages.list", json!({"conversation": &*conversation, "limit": 3})).await;
    let texts: Vec<_> = page["items"].as_array().unwrap().iter().map(|m| &m["text"]).collect();
    assert_eq!(texts, ["hi Ann", "are you there?", "the last word"]);
}

#[tokio::test]
async fn a_group_is_found_by_its_name() {
    let house = House::open().await.with_people(&["ann", "bob", "cat"]).await;
    let url = format!("ws://{}", house.server.address());
    house.group(&["ann", "bob", "cat"]).await;
    let mut ann = Terminal::open(&url, &house.fresh_token("ann").await, None);
    ann.type_line("to nobody").await;
    ann.shows("to whom?").await;
    ann.type_line("/with Trip").await;
    ann.shows("* with Trip").await;
    let mut cat = Terminal::open(&url, &house.fresh_token("cat").await, Some("Trip"));
    cat.shows("* with Trip").await;
    cat.type_line("hello all").await;
    ann.shows("cat: hello all").await;
}

#[tokio::test]
async fn wrong_tokens_and_wrong_addresses_are_told_in_one_line() {
    let house = House::open().await;
    let url = format!("ws://{}", house.server.address());
    let (code, words) = Terminal::open(&url, "ut_wrong", Some("bob")).ends().await;
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("does not take this token") && words.lines().count() == 1, "{words}");
    let house = house.with_people(&["ann"]).await;
    let (code, words) = Terminal::open(&url, house.token("ann"), Some("nobody")).ends().await;
    assert_eq!((code, &*words), (Some(1), "hoopoe: nobody: there is nobody of this name\n"));
    let (code, words) = Terminal::open("gopher://x", "ut_wrong", None).ends().await;
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("is no address of a server"), "{words}");
}

#[tokio::test]
async fn a_terminal_signs_in_with_a_password_and_leaves_no_session() {
    let house = House::open().await.with_people(&["ann", "bob"]).await;
    let url = format!("http://{}", house.server.address());
    let words = ["user", "password", "ann", "--app", "demo", "--login", "ann.of.demo"];
    let set = run_cli_with_input(house.server.launched(), &words, "a hoopoe at home\n").await;
    assert_eq!(set.code, Some(0), "{set:?}");
    let who = ["--login", "ann.of.demo", "--app", "demo"];
    let mut ann = Terminal::run(&url, &who, Some("bob"));
    ann.type_line("a hoopoe at home").await;
    ann.shows("* connected as ann").await;
    ann.type_line("hello").await;
    assert_eq!(ann.shows("hello").await, "ann: hello", "the password was no message");
    assert_eq!(ann.ends().await, (Some(0), String::new()));
    let ann = house.fresh_token("ann").await;
    let by = house.rest.with_token("ann", &ann, &house.journal);
    let sessions = by.call("sessions.list", json!({})).await.unwrap();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1, "{sessions}");

    let mut thief = Terminal::run(&url, &who, None);
    thief.type_line("a hoopoe abroad").await;
    let (code, words) = thief.ends().await;
    assert_eq!((code, words.lines().count()), (Some(1), 1), "{words}");
    let (code, words) = Terminal::run(&url, &who, None).ends().await;
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("a password is needed"), "{words}");
}
