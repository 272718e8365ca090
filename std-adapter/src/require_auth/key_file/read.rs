//! The TOML of a key file, as `python -m sallet token` writes it.

use sallet_core::auth::{Key, KeyringError, Scopes};
use sallet_core::secret::Digest;
use time::{Date, Month, UtcOffset};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};
use toml::value::{Datetime, Offset};

use super::KeyFileCause;
use super::error::Wrong;

const FIELDS: [&str; 6] = ["id", "not_after", "not_before", "principal", "scopes", "sha256"];

/// What `build` makes of the keys in a file's bytes. If they are no ring it says why, and which of them is the first that cannot be in one.
pub(super) fn read<R>(
    bytes: &[u8],
    build: impl FnOnce(Vec<Key<String>>) -> Result<R, (KeyringError, usize)>,
) -> Result<R, Wrong> {
    let text = std::str::from_utf8(bytes).map_err(|_| KeyFileCause::NotUtf8)?;
    if text.strip_prefix('\u{feff}').unwrap_or(text).is_empty() {
        // Whoever writes a file without renaming it into place has it empty for a moment.
        return Err(KeyFileCause::Empty.into());
    }
    let document = DeTable::parse(text).map_err(|error| {
        // Not its `Display`, which shows the line.
        let line = line(text, error.span().map_or(0, |span| span.start));
        Wrong::new(KeyFileCause::Syntax).detail(&format!("line {line}: {}", error.message()))
    })?;
    let document = document.into_inner();
    let foreign: Vec<_> = document.keys().map(|name| &**name.get_ref()).filter(|&name| name != "key").collect();
    if !foreign.is_empty() {
        return Err(Wrong::new(KeyFileCause::Foreign).detail(&listed(&foreign)));
    }
    let none = DeArray::new();
    let tables = match document.get("key").map(Spanned::get_ref) {
        None => &none,
        Some(DeValue::Array(tables)) => tables,
        Some(_) => return Err(KeyFileCause::NotTables.into()),
    };
    let name = |at: usize| {
        let entry = &tables[at];
        let line = line(text, entry.span().start);
        match entry.get_ref().get("id").map(Spanned::get_ref) {
            Some(DeValue::String(id)) => format!("key '{}' (line {line})", id.escape_debug()),
            _ => format!("key number {} (line {line})", at + 1),
        }
    };
    let keys = tables.iter().enumerate().map(|(at, entry)| {
        let DeValue::Table(table) = entry.get_ref() else { return Err(KeyFileCause::NotTables.into()) };
        key(table).map_err(|wrong| wrong.entry(&name(at)))
    });
    build(keys.collect::<Result<_, Wrong>>()?).map_err(|(why, at)| Wrong::new(KeyFileCause::Key(why)).entry(&name(at)))
}

fn key(table: &DeTable<'_>) -> Result<Key<String>, Wrong> {
    if table.contains_key("token") {
        return Err(KeyFileCause::Token.into());
    }
    let unknown: Vec<_> = table.keys().map(|name| &**name.get_ref()).filter(|name| !FIELDS.contains(name)).collect();
    if let Some(first) = unknown.first() {
        let near = nearest(first).map(|near| format!("did you mean {near}? A")).unwrap_or_else(|| "a".to_owned());
        let detail = format!("{}: {near} key has {}", listed(&unknown), FIELDS.join(", "));
        return Err(Wrong::new(KeyFileCause::UnknownField).detail(&detail));
    }
    let id = text(table, "id")?.ok_or(KeyFileCause::NotText("id"))?;
    let digest = text(table, "sha256")?.ok_or(KeyFileCause::NotText("sha256"))?;
    let key = Key {
        id: id.to_owned(),
        principal: text(table, "principal")?.unwrap_or(id).to_owned(),
        scopes: table.get("scopes").map_or(Ok(String::new()), |list| scopes(list.get_ref()))?,
        not_before: time(table, "not_before")?,
        not_after: time(table, "not_after")?,
        digest: Digest::from_hex(digest).map_err(KeyFileCause::Digest)?,
    };
    key.validate().map_err(KeyFileCause::Key)?;
    Ok(key)
}

fn text<'t>(table: &'t DeTable<'_>, field: &'static str) -> Result<Option<&'t str>, KeyFileCause> {
    match table.get(field).map(Spanned::get_ref) {
        None => Ok(None),
        Some(DeValue::String(text)) => Ok(Some(text)),
        Some(_) => Err(KeyFileCause::NotText(field)),
    }
}

/// A list of scopes in the core's form. One that is said twice is one.
fn scopes(list: &DeValue<'_>) -> Result<String, KeyFileCause> {
    let DeValue::Array(list) = list else { return Err(KeyFileCause::NotScopes) };
    let mut joined = String::new();
    for scope in list {
        let DeValue::String(scope) = scope.get_ref() else { return Err(KeyFileCause::NotScopes) };
        if scope.is_empty() || scope.contains(' ') {
            return Err(KeyFileCause::NotOneScope);
        }
        if joined.split(' ').any(|one| one == scope) {
            continue;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(scope);
    }
    Scopes::parse(joined.as_str()).map_err(KeyFileCause::Scopes)?;
    Ok(joined)
}

/// Seconds since 1970: from a date and time with an offset, or a number.
fn time(table: &DeTable<'_>, field: &'static str) -> Result<Option<u64>, KeyFileCause> {
    let range = KeyFileCause::TimeRange(field);
    let seconds = match table.get(field).map(Spanned::get_ref) {
        None => return Ok(None),
        Some(DeValue::Datetime(moment)) => unix(*moment, field)?,
        Some(DeValue::Integer(number)) => i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| range)?,
        Some(DeValue::Float(number)) => return whole(number.as_str()).map(Some).ok_or(range),
        Some(_) => return Err(KeyFileCause::NotATime(field)),
    };
    u64::try_from(seconds).map(Some).map_err(|_| range)
}

/// The whole seconds of a number, as far as a float is exact.
fn whole(number: &str) -> Option<u64> {
    let seconds: f64 = number.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range, and whole seconds are meant"
    )]
    (0.0..=9_007_199_254_740_992.0).contains(&seconds).then_some(seconds as u64)
}

fn unix(moment: Datetime, field: &'static str) -> Result<i64, KeyFileCause> {
    let Datetime { date: Some(date), time: Some(time), offset } = moment else {
        return Err(KeyFileCause::NotATime(field));
    };
    let minutes = match offset.ok_or(KeyFileCause::NoTimeZone(field))? {
        Offset::Z => 0,
        Offset::Custom { minutes } => i32::from(minutes),
    };
    let seconds = || -> Result<i64, time::error::ComponentRange> {
        let day = Date::from_calendar_date(date.year.into(), Month::try_from(date.month)?, date.day)?;
        let local = day.with_hms(time.hour, time.minute, time.second.unwrap_or(0))?;
        Ok(local.assume_offset(UtcOffset::from_whole_seconds(60 * minutes)?).unix_timestamp())
    };
    seconds().map_err(|_| KeyFileCause::NotATime(field))
}

fn nearest(given: &str) -> Option<&'static str> {
    let plain = given.to_lowercase().replace('-', "_");
    let likeness = |field: &str| strsim::normalized_damerau_levenshtein(&plain, field);
    FIELDS.into_iter().filter(|field| likeness(field) >= 0.7).max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("'{}'", name.escape_debug())).collect();
    quoted.join(", ")
}

fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::super::KeyFileError;
    use super::super::loaded::Loaded;
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Key<String>>, Wrong> {
        super::read(bytes, |keys| Loaded::new(&keys).map(|_| keys))
    }

    /// What Python reads too, in `py-binding/tests/test_key_files.py`.
    const CASES: &str = include_str!("../../../../cases/key_files.json");

    fn cases() -> Vec<Value> {
        let mut cases: Value = serde_json::from_str(CASES).expect("JSON");
        cases["cases"].as_array_mut().expect("a list").split_off(0)
    }

    fn written(case: &Value) -> Vec<u8> {
        let byte = |two: &[u8]| u8::from_str_radix(str::from_utf8(two).expect("digits"), 16).expect("a byte");
        match (case["text"].as_str(), case["hex"].as_str()) {
            (Some(text), None) => text.as_bytes().to_vec(),
            (None, Some(hex)) => hex.as_bytes().chunks(2).map(byte).collect(),
            _ => panic!("a text or bytes: {case}"),
        }
    }

    #[test]
    fn a_key_file_means_the_same_everywhere() {
        let (mut good, mut bad) = (0, 0);
        for case in cases() {
            let name = case["name"].as_str().expect("a name");
            match (read(&written(&case)), case["keys"].as_array()) {
                (Ok(keys), Some(expected)) => {
                    let keys: Vec<_> = keys.iter().map(as_json).collect();
                    assert_eq!(&keys, expected, "{name}");
                    good += 1;
                }
                (Err(wrong), None) => {
                    let error = KeyFileError::new(Path::new("/srv/keys.toml"), wrong);
                    is_told(&case, &error);
                    bad += 1;
                }
                (read, _) => panic!("{name}: {read:?}"),
            }
        }
        assert!(good >= 30 && bad >= 60, "{good} {bad}");
    }

    fn as_json(key: &Key<String>) -> Value {
        let scopes: Vec<_> = key.scopes.split(' ').filter(|scope| !scope.is_empty()).collect();
        serde_json::json!({
            "id": key.id, "principal": key.principal, "scopes": scopes, "not_before": key.not_before,
            "not_after": key.not_after, "sha256": str::from_utf8(&key.digest.to_hex()).expect("digits"),
        })
    }

    fn is_told(case: &Value, error: &KeyFileError) {
        let (said, cause) = (error.to_string(), format!("{:?}", error.cause()));
        // In Python the reader of TOML refuses it.
        if let Some(expected) = case["error"].as_str() {
            assert_eq!(cause.split('(').next(), Some(expected), "{}: {said}", case["name"]);
        }
        assert!(said.starts_with("/srv/keys.toml: "), "{said}");
        for part in case["says"].as_array().expect("a list") {
            assert!(said.contains(part.as_str().expect("a text")), "{}: {said}", case["name"]);
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '\'' | '"');
        for word in case["text"].as_str().unwrap_or_default().split(ends).filter(|word| word.chars().count() > 32) {
            assert!(!said.contains(word), "{}: {said}", case["name"]);
        }
        assert!(!format!("{error:?}").contains("slt_"), "{error:?}");
    }

    #[test]
    fn an_entry_is_named_with_its_line_and_a_typo_with_what_is_meant() {
        let says =
            |text: &str| KeyFileError::new(Path::new("k"), read(text.as_bytes()).expect_err("wrong")).to_string();
        let digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
        let first = format!("# for CI\n[[key]]\nid = 'ci'\nsha256 = '{digest}'\n\n");
        assert_eq!(
            says(&format!("{first}[[key]]\nid = 'web'\nsha_256 = ''\n")),
            "k: key 'web' (line 6): unknown field 'sha_256': did you mean sha256? A key has id, not_after, not_before, \
             principal, scopes, sha256"
        );
        assert_eq!(
            says(&format!("{first}[[key]]\nid = 'web'\ncolour = 1\n")),
            "k: key 'web' (line 6): unknown field 'colour': a key has id, not_after, not_before, principal, scopes, sha256"
        );
        // Of two that cannot be in one ring, the second.
        let twice = format!("{first}[[key]]\nid = 'web'\nsha256 = '{digest}'\n");
        assert_eq!(
            says(&twice),
            "k: key 'web' (line 6): two keys have the same token: mint one for each, so that one can be withdrawn alone"
        );
        let third = "[[key]]\nid = 'ci'\nsha256 = 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9'\n";
        let between =
            "[[key]]\nid = 'x'\nsha256 = 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb0'\n";
        assert!(
            says(&format!("{first}{between}{third}{between}"))
                .starts_with("k: key 'ci' (line 9): two keys have the same id")
        );
        assert!(says("[[key]]\nid = 'ci'\nsha256 = 'half").starts_with("k: not valid TOML: line 3: "));
    }
    /// What the fuzzer of Python's reader has found. There a token stands for `$0` to `$7` and its digest for `@0` to `@7`.
    #[test]
    fn no_error_about_any_file_shows_a_token() {
        let tokens: [String; 8] = std::array::from_fn(|number| {
            let hex = Digest::of(format!("fuzz {number}").as_bytes()).to_hex();
            format!("slt_{}", str::from_utf8(&hex[..49]).expect("digits").to_uppercase())
        });
        let digests = tokens
            .each_ref()
            .map(|token| String::from_utf8(Digest::of(token.as_bytes()).to_hex().into()).expect("digits"));
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        let files = ["corpus", "regressions"].map(|folder| fuzz.join(folder).join("keyring_file"));
        let (mut good, mut bad) = (0, 0);
        for file in files.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten() {
            let mut bytes = Vec::new();
            let mut rest = &*std::fs::read(file.expect("a file").path()).expect("a file");
            while let Some((&first, after)) = rest.split_first() {
                rest = after;
                let place = after.first().map(|digit| usize::from(digit.wrapping_sub(b'0'))).filter(|&at| at < 8);
                match (first, place) {
                    (b'$', Some(at)) => bytes.extend_from_slice(tokens[at].as_bytes()),
                    (b'@', Some(at)) => bytes.extend_from_slice(digests[at].as_bytes()),
                    _ => bytes.push(first),
                }
                if matches!(first, b'$' | b'@') && place.is_some() {
                    rest = &after[1..];
                }
            }
            let Err(wrong) = read(&bytes) else {
                good += 1;
                continue;
            };
            bad += 1;
            let error = KeyFileError::new(Path::new("keys.toml"), wrong);
            for shown in [error.to_string(), format!("{error:?}")] {
                assert!(!shown.contains('\n'), "one line of a log: {shown:?}");
                assert!(!tokens.iter().chain(&digests).any(|secret| shown.contains(&**secret)), "{shown}");
            }
        }
        assert!(good >= 3 && bad >= 50, "{good} {bad}");
    }
}
