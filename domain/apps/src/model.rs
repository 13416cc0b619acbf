//! Names, labels, scopes and pages: what may be written, and how it is kept.

use hoopoe_kernel::{AppNo, Fail, Scopes};
use hoopoe_wire::{
    KeyId, Metadata,
    apps::{AppSettings, AppSettingsChange, Directory, Key},
    limits,
};

/// Who a key turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyIdentity {
    /// The app; [`AppNo::NONE`] for administration keys.
    pub app: AppNo,
    /// The key's id.
    pub key: KeyId,
    /// What it may do.
    pub scopes: Scopes,
    /// Whether it is the operator's.
    pub admin: bool,
    /// When it stops working, in microseconds since 1970.
    pub(crate) expires_at_us: Option<i64>,
}

/// Checks one line for people: `chars_min` to `chars_max` characters, none of them a control
/// character, and not blank where it may not be empty. The refusal points at `pointer`.
pub fn check_text(
    pointer: &str,
    text: &str,
    chars_min: usize,
    chars_max: usize,
) -> Result<(), Fail> {
    if text.chars().nth(chars_max).is_some() {
        return Err(Fail::field(pointer, "too_long", format!("at most {chars_max} characters")));
    }
    let blank = text.trim().is_empty() && (chars_min > 0 || !text.is_empty());
    if blank || text.chars().count() < chars_min {
        return Err(Fail::field(pointer, "blank", "needs something to read"));
    }
    if text.chars().any(char::is_control) {
        return Err(Fail::field(pointer, "control_character", "one line of text"));
    }
    Ok(())
}

/// The text that the database keeps of metadata; 422 above 4 KiB.
pub fn metadata_text(pointer: &str, metadata: &Metadata) -> Result<String, Fail> {
    let text = serde_json::to_string(metadata).map_err(|e| Fail::internal().caused_by(e))?;
    if text.len() > limits::METADATA_BYTES_MAX {
        let most = limits::METADATA_BYTES_MAX;
        return Err(Fail::field(pointer, "too_long", format!("at most {most} bytes of JSON")));
    }
    Ok(text)
}

/// How many items a page has; 422 for none or more than 100.
pub fn page_limit(limit: Option<u32>) -> Result<usize, Fail> {
    let Some(limit) = limit else { return Ok(limits::PAGE_ITEMS_DEFAULT) };
    let items = usize::try_from(limit).unwrap_or(usize::MAX);
    if (1..=limits::PAGE_ITEMS_MAX).contains(&items) {
        return Ok(items);
    }
    let most = limits::PAGE_ITEMS_MAX;
    Err(Fail::field("/limit", "out_of_range", format!("1 to {most}")))
}

/// Settings as the database keeps them, with the defaults filled in.
pub(crate) fn settings(
    recall_window_s: Option<i64>,
    edit_window_s: Option<i64>,
    directory: Option<&str>,
) -> AppSettings {
    let or =
        |kept: Option<i64>, default| kept.and_then(|s| u64::try_from(s).ok()).unwrap_or(default);
    AppSettings {
        recall_window_s: or(recall_window_s, limits::RECALL_WINDOW_S_DEFAULT),
        edit_window_s: or(edit_window_s, limits::EDIT_WINDOW_S_DEFAULT),
        directory: match directory {
            None => Directory::default(),
            Some(OPEN) => Directory::Open,
            // A word of a newer server: rather too little is shown than too much.
            Some(_) => Directory::Closed,
        },
    }
}

const OPEN: &str = "open";
const CLOSED: &str = "closed";

/// Settings to write, `None` for what stays.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SettingsPatch {
    pub(crate) recall_window_s: Option<i64>,
    pub(crate) edit_window_s: Option<i64>,
    pub(crate) directory: Option<&'static str>,
}

/// 422 for a window without end.
pub(crate) fn check_settings(change: &AppSettingsChange) -> Result<SettingsPatch, Fail> {
    let window = |pointer: &str, asked: Option<u64>| match asked {
        Some(seconds) if seconds > limits::MESSAGE_WINDOW_S_MAX => {
            let most = limits::MESSAGE_WINDOW_S_MAX;
            Err(Fail::field(pointer, "out_of_range", format!("0 to {most}")))
        }
        asked => Ok(asked.and_then(|seconds| i64::try_from(seconds).ok())),
    };
    Ok(SettingsPatch {
        recall_window_s: window("/settings/recall_window_s", change.recall_window_s)?,
        edit_window_s: window("/settings/edit_window_s", change.edit_window_s)?,
        directory: change.directory.map(|directory| match directory {
            Directory::Open => OPEN,
            Directory::Closed => CLOSED,
        }),
    })
}

/// Reads the scopes of a request; all of them when nothing is said.
pub(crate) fn check_scopes(scopes: Option<&[String]>) -> Result<Scopes, Fail> {
    let Some(names) = scopes else { return Ok(Scopes::ALL) };
    if names.is_empty() {
        return Err(Fail::field("/scopes", "too_few", "a key without scopes can do nothing"));
    }
    if names.len() > limits::SCOPES_PER_KEY_MAX {
        let most = limits::SCOPES_PER_KEY_MAX;
        return Err(Fail::field("/scopes", "too_many", format!("at most {most}")));
    }
    for (index, name) in names.iter().enumerate() {
        let word = (1..=32).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if !word && name != Scopes::WILDCARD {
            let pointer = format!("/scopes/{index}");
            return Err(Fail::field(&pointer, "invalid", "a domain of commands, or `*`"));
        }
    }
    Ok(Scopes::of(names.iter().map(String::as_str)))
}

/// Scopes as the database keeps them: names between spaces.
pub(crate) fn scopes_text(scopes: &Scopes) -> String {
    scopes.names().join(" ")
}

/// The inverse of [`scopes_text`].
pub(crate) fn scopes_of(text: &str) -> Scopes {
    Scopes::of(text.split(' ').filter(|name| !name.is_empty()))
}

/// How long a rotated key goes on working, in seconds.
pub(crate) fn check_grace(grace_s: Option<u64>) -> Result<i64, Fail> {
    let most = limits::KEY_GRACE_S_MAX;
    let grace_s = grace_s.unwrap_or(limits::KEY_GRACE_S_DEFAULT);
    if grace_s > most {
        return Err(Fail::field("/grace_s", "out_of_range", format!("0 to {most}")));
    }
    i64::try_from(grace_s).map_err(|e| Fail::internal().caused_by(e))
}

/// The scopes of a key that was read.
pub(crate) fn key_scopes(key: &Key) -> Scopes {
    Scopes::of(key.scopes.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<T: std::fmt::Debug>(result: Result<T, Fail>) -> String {
        let problem = result.expect_err("is wrong").problem(hoopoe_wire::RequestId::NONE);
        assert_eq!(problem.status, 422);
        format!("{} {}", problem.errors[0].pointer, problem.errors[0].code)
    }

    #[test]
    fn a_name_is_one_line_of_1_to_100_characters() {
        assert!(check_text("/name", &"é".repeat(100), 1, 100).is_ok());
        assert_eq!(refusal(check_text("/name", &"é".repeat(101), 1, 100)), "/name too_long");
        for blank in ["", " ", "\u{3000}"] {
            assert_eq!(refusal(check_text("/name", blank, 1, 100)), "/name blank");
        }
        assert_eq!(refusal(check_text("/name", "a\0b", 1, 100)), "/name control_character");
        assert!(check_text("/name", "", 0, 100).is_ok());
        assert_eq!(refusal(check_text("/name", "  ", 0, 100)), "/name blank");
    }

    #[test]
    fn scopes_are_words_and_survive_the_database() {
        let names = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let scopes = check_scopes(Some(&names("messages,users"))).expect("legal scopes");
        assert_eq!(scopes_of(&scopes_text(&scopes)), scopes);
        assert_eq!(check_scopes(None).expect("legal"), Scopes::ALL);
        assert_eq!(scopes_of(&scopes_text(&Scopes::ALL)), Scopes::ALL);
        assert_eq!(refusal(check_scopes(Some(&[]))), "/scopes too_few");
        assert_eq!(refusal(check_scopes(Some(&names("users,Us ers")))), "/scopes/1 invalid");
        assert_eq!(refusal(check_scopes(Some(&names("")))), "/scopes/0 invalid");
        assert_eq!(refusal(check_scopes(Some(&vec!["a".into(); 33]))), "/scopes too_many");
    }

    #[test]
    fn pages_and_graces_have_bounds() {
        assert_eq!(page_limit(None).expect("the default"), limits::PAGE_ITEMS_DEFAULT);
        assert_eq!(page_limit(Some(100)).expect("the most"), 100);
        assert_eq!(refusal(page_limit(Some(0))), "/limit out_of_range");
        assert_eq!(refusal(page_limit(Some(101))), "/limit out_of_range");
        assert_eq!(check_grace(Some(0)).expect("at once"), 0);
        assert_eq!(refusal(check_grace(Some(u64::MAX))), "/grace_s out_of_range");
    }

    #[test]
    fn settings_have_defaults_and_bounds() {
        let kept = settings(None, Some(0), None);
        assert_eq!((kept.recall_window_s, kept.edit_window_s), (120, 0));
        let change =
            |seconds| AppSettingsChange { recall_window_s: Some(seconds), ..Default::default() };
        let patch = check_settings(&change(7)).expect("is fine");
        assert_eq!(patch, SettingsPatch { recall_window_s: Some(7), ..Default::default() });
        let endless = check_settings(&change(u64::MAX));
        assert_eq!(refusal(endless), "/settings/recall_window_s out_of_range");
        for directory in [Directory::Open, Directory::Closed] {
            let change = AppSettingsChange { directory: Some(directory), ..Default::default() };
            let word = check_settings(&change).expect("is fine").directory;
            assert_eq!(settings(None, None, word).directory, directory);
        }
        assert_eq!(settings(None, None, None).directory, Directory::Open);
        assert_eq!(settings(None, None, Some("ajar")).directory, Directory::Closed);
    }

    #[test]
    fn metadata_is_measured_as_it_is_kept() {
        let mut metadata = Metadata::new();
        assert_eq!(metadata_text("/metadata", &metadata).expect("nothing"), "{}");
        metadata.insert("k".into(), "x".repeat(limits::METADATA_BYTES_MAX).into());
        assert_eq!(refusal(metadata_text("/metadata", &metadata)), "/metadata too_long");
    }
}
