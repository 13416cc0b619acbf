//! How a name is typed in Latin letters: pinyin without tones, and its initials.

use hoopoe_wire::limits;
use pinyin::ToPinyin;

/// Of the rules and tables below. A server that finds another one in its database makes the keys of
/// everybody anew.
pub(crate) const VERSION: i64 = 1;

/// Surnames that are read otherwise than the words of the same characters.
const SURNAMES: &[(&str, &[&str])] = &[
    ("万俟", &["mo", "qi"]),
    ("尉迟", &["yu", "chi"]),
    ("尉遲", &["yu", "chi"]),
    ("澹台", &["tan", "tai"]),
    ("澹臺", &["tan", "tai"]),
    ("长孙", &["zhang", "sun"]),
    ("長孫", &["zhang", "sun"]),
    ("曾", &["zeng"]),
    ("覃", &["qin"]),
    ("翟", &["zhai"]),
    ("单", &["shan"]),
    ("單", &["shan"]),
    ("解", &["xie"]),
    ("牟", &["mu"]),
    ("缪", &["miao"]),
    ("繆", &["miao"]),
    ("卜", &["bu"]),
    ("仇", &["qiu"]),
    ("查", &["zha"]),
    ("乐", &["yue"]),
    ("樂", &["yue"]),
    ("区", &["ou"]),
    ("區", &["ou"]),
    ("阚", &["kan"]),
    ("闞", &["kan"]),
    ("朴", &["piao"]),
    ("盖", &["ge"]),
    ("蓋", &["ge"]),
    ("都", &["du"]),
    ("薄", &["bo"]),
    ("召", &["shao"]),
    ("员", &["yun"]),
    ("員", &["yun"]),
    ("繁", &["po"]),
    ("折", &["she"]),
    ("黑", &["he"]),
    ("种", &["chong"]),
    ("隗", &["wei"]),
    ("句", &["gou"]),
    ("祭", &["zhai"]),
    ("秘", &["bi"]),
    ("洗", &["xian"]),
    ("能", &["nai"]),
    ("佴", &["nai"]),
    ("郇", &["xun"]),
];

/// The keys of a name, the likeliest first: at most [`limits::USER_KEYS_MAX`], each cut to what is
/// searched by. None for a name without a character that has a pinyin.
pub(crate) fn of(name: &str) -> Vec<String> {
    if !has_any(name) {
        return Vec::new();
    }
    let name = name.trim_start();
    let surname = SURNAMES.iter().find(|(characters, _)| name.starts_with(characters));
    let mut keys = Vec::with_capacity(limits::USER_KEYS_MAX);
    if let Some((characters, readings)) = surname {
        let mut typed = Typed::default();
        readings.iter().for_each(|reading| typed.syllable(reading));
        typed.text(&name[characters.len()..]);
        typed.finish(&mut keys);
    }
    let mut typed = Typed::default();
    typed.text(name);
    typed.finish(&mut keys);
    keys.truncate(limits::USER_KEYS_MAX);
    keys
}

/// Whether a name has keys.
pub(crate) fn has_any(name: &str) -> bool {
    !name.is_ascii() && name.chars().any(|c| c.to_pinyin().is_some())
}

/// A name as it is being typed: whole, and by the first letters of its syllables and words.
#[derive(Default)]
struct Typed {
    whole: String,
    initials: String,
    /// Within a word that is no Chinese.
    is_within: bool,
}

impl Typed {
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            if let Some(reading) = c.to_pinyin() {
                self.syllable(reading.plain());
            } else if c.is_alphanumeric() {
                for c in c.to_lowercase() {
                    self.whole.push(c);
                    if !self.is_within {
                        self.initials.push(c);
                    }
                    self.is_within = true;
                }
            } else {
                self.is_within = false;
            }
        }
    }

    fn syllable(&mut self, reading: &str) {
        self.is_within = false;
        for (index, c) in reading.chars().enumerate() {
            // What keyboards have for it.
            let c = match c {
                'ü' => 'v',
                'ê' => 'e',
                other => other,
            };
            self.whole.push(c);
            if index == 0 {
                self.initials.push(c);
            }
        }
    }

    fn finish(self, keys: &mut Vec<String>) {
        for mut key in [self.whole, self.initials] {
            let end = (0..=limits::SEARCH_BYTES_MAX).rev().find(|end| key.is_char_boundary(*end));
            key.truncate(end.unwrap_or_default());
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_typed_whole_or_by_its_initials() {
        for (name, keys) in [
            ("张三丰", &["zhangsanfeng", "zsf"][..]),
            ("吕布", &["lvbu", "lb"]),
            ("安", &["an", "a"]),
            ("欧阳 修", &["ouyangxiu", "oyx"]),
            ("李Wei Ming", &["liweiming", "lwm"]),
            ("Ann 王（QA）", &["annwangqa", "awq"]),
            ("陳大文", &["chendawen", "cdw"]),
            ("🐦鸟", &["niao", "n"]),
        ] {
            assert_eq!(of(name), keys, "{name}");
        }
        for none in ["", "Ann", "école", "Ανν", "さくら", "김", "🐦"] {
            assert!(of(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_surname_has_its_own_reading_and_the_common_one_stays() {
        assert_eq!(of("单田芳"), ["shantianfang", "stf", "dantianfang", "dtf"]);
        assert_eq!(of("查良镛"), ["zhaliangyong", "zly", "chaliangyong", "cly"]);
        assert_eq!(of("尉迟恭"), ["yuchigong", "ycg", "weichigong", "wcg"]);
        // Read otherwise at the beginning only.
        assert_eq!(of("张解"), ["zhangjie", "zj"]);
        assert_eq!(of("仇和"), ["qiuhe", "qh", "chouhe", "ch"]);
    }

    #[test]
    fn a_key_is_as_long_as_a_search() {
        let long = of(&"庄".repeat(100));
        assert_eq!((long[0].len(), long[1].len()), (64, 64));
        assert!(long[0].starts_with("zhuangzhuang"));
        let wide = of(&format!("王{}", "é".repeat(99)));
        assert!(wide[0].len() <= limits::SEARCH_BYTES_MAX && wide[0].starts_with("wangé"));
    }

    #[test]
    fn no_surname_stands_behind_one_that_it_begins_with() {
        for (index, (one, _)) in SURNAMES.iter().enumerate() {
            let hidden = SURNAMES[index + 1..].iter().find(|(other, _)| other.starts_with(one));
            assert!(hidden.is_none(), "{one}");
        }
    }
}
