//! The table of cases that all hosts share, by the core alone: verdict, answer, and the reason for the log.

use sallet_core::auth::{AuthScheme, Key, Keyring, Realm, RequestFields, Requirement, Scopes};
use sallet_core::paths::{PathRule, PathRules, RequestPath, is_preflight};
use sallet_core::secret::Digest;
use serde_json::Value;

const TABLE: &str = include_str!("../../cases/auth.json");
/// A time at which `old` has expired, and `new` is still to come.
const NOW: u64 = 1_790_000_000;

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}

/// The characters of the table are Latin-1.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect()
}

fn ring(table: &Value) -> Keyring<Vec<Key<&str>>> {
    let key = |key: &'static str, value: &Value| value[key].as_u64();
    let keys = table["keys"].as_array().unwrap().iter().map(|value| Key {
        principal: value["principal"].as_str().unwrap(),
        scopes: value["scopes"].as_str().unwrap(),
        not_before: key("not_before", value),
        not_after: key("not_after", value),
        ..Key::new(value["id"].as_str().unwrap(), Digest::from_hex(value["sha256"].as_str().unwrap()).unwrap())
    });
    Keyring::try_new(keys.collect()).unwrap()
}

fn is_open(case: &Value) -> bool {
    let rules = |name: &str| strings(&case[name]).into_iter().map(|rule| PathRule::parse(rule).unwrap()).collect();
    let rules = PathRules::<Vec<_>>::try_new(rules("public"), None, rules("preflights")).unwrap();
    let has = |wanted: &str| {
        case["headers"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|field| field[0].as_str().unwrap().eq_ignore_ascii_case(wanted))
    };
    let method = case["method"].as_str().unwrap_or("GET");
    let path = case["path"].as_str().unwrap_or("/items");
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let preflight = is_preflight(method, has("origin"), has("access-control-request-method"));
    rules.access(method, &RequestPath::raw(path.as_bytes()), preflight).is_open()
}

#[test]
fn every_case_has_its_verdict_its_answer_and_its_reason() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let (ring, cases) = (ring(&table), table["cases"].as_array().unwrap());
    assert!(cases.len() >= 68);
    for case in cases {
        let (name, expect) = (&case["name"], &case["expect"]);
        let realm = Realm::parse(case["realm"].as_str().unwrap_or("items")).unwrap();
        let scopes = Scopes::parse(case["scopes"].as_str().unwrap_or_default()).unwrap();
        let need = Requirement::new(AuthScheme::Bearer, realm, scopes);
        let lines: Vec<_> = strings(&case["authorization"]).into_iter().map(bytes).collect();
        let now = case["now"].as_u64().unwrap_or(NOW);
        if is_open(case) {
            assert_eq!((expect["status"].as_u64(), &expect["id"]), (Some(200), &Value::Null), "{name}");
            continue;
        }
        let fields: Vec<_> = lines.iter().map(|line| ("authorization", line.as_slice())).collect();
        match need.verdict(&ring, &RequestFields::new("GET", &fields), now) {
            Ok(key) => {
                assert_eq!(expect["status"], 200, "{name}");
                assert_eq!((&expect["id"], &expect["principal"]), (&key.id.into(), &key.principal.into()), "{name}");
            }
            Err(reason) => {
                let refusal = reason.refusal();
                assert_eq!(expect["reason"], reason.message(), "{name}");
                assert_eq!(expect["status"], refusal.status(), "{name}");
                assert_eq!(expect["detail"], refusal.detail(), "{name}");
                let challenge = need.challenge(refusal).unwrap().to_string();
                assert_eq!(expect["www-authenticate"], challenge, "{name}");
            }
        }
    }
}
