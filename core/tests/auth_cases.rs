//! The table of cases that all hosts share, by the core alone: verdict, answer, and the reason for the log.

use sallet_core::auth::{
    Alternatives, AuthRequest, AuthScheme, Key, Keyring, PlaceName, Realm, Reason, RequestFields, Requirement,
    ResourceMetadata, Scopes,
};
use sallet_core::merge::{self, ForOne, Privacy};
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

/// One scheme of a case: its name, or an object of the name and its options.
fn need<'c>(case: &'c Value, scheme: &'c Value) -> Requirement<&'c str> {
    let realm = Realm::parse(case["realm"].as_str().unwrap_or("items")).unwrap();
    let scopes = Scopes::parse(case["scopes"].as_str().unwrap_or_default()).unwrap();
    let name = scheme.as_str().or(scheme["scheme"].as_str()).unwrap();
    let row = AuthScheme::ALL.iter().find(|row| name.replace('-', "").eq_ignore_ascii_case(row.name())).unwrap();
    let mut need = Requirement::new(*row, realm, scopes);
    for (option, value) in scheme.as_object().into_iter().flatten() {
        let place = || PlaceName::parse(value.as_str().unwrap()).unwrap();
        need = match option.as_str() {
            "scheme" => need,
            "word" => need.by_word(place()),
            "header" => need.in_field(place()),
            "query" => need.in_query(place()),
            "subprotocol" => need.in_subprotocol(place()),
            "max_len" => need.with_max_length(usize::try_from(value.as_u64().unwrap()).unwrap()),
            "cross_site" => need.cross_site(value.as_bool().unwrap()),
            "resource_metadata" => need.resource_metadata(ResourceMetadata::parse(value.as_str().unwrap()).unwrap()),
            _ => panic!("{option} is no option"),
        };
    }
    need
}

/// Lines of a request, with their names.
fn lines(case: &Value) -> Vec<(&str, Vec<u8>)> {
    let pairs = case["headers"].as_array().into_iter().flatten();
    let named = pairs.map(|pair| (pair[0].as_str().unwrap(), bytes(pair[1].as_str().unwrap())));
    let handshake = [("Connection", b"Upgrade".to_vec()), ("Upgrade", b"websocket".to_vec())];
    let handshake = handshake.into_iter().filter(|_| case["websocket"] == true);
    named
        .chain(strings(&case["authorization"]).into_iter().map(|line| ("Authorization", bytes(line))))
        .chain(handshake)
        .collect()
}

/// What the app says to caches, as it is sent: in the order of the names.
fn sent(privacy: Privacy, mut lines: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut for_one = ForOne::new(privacy);
    let shared: Vec<_> = lines.iter().map(|(name, value)| for_one.line(name.as_bytes(), value.as_bytes())).collect();
    for ((name, value), shared) in lines.iter_mut().zip(shared) {
        if shared && for_one.makes_private(name.as_bytes()) {
            *value = String::from_utf8(merge::made_private(name.as_bytes(), value.as_bytes()).concat()).unwrap();
        }
    }
    lines.extend(for_one.adds_private().then(|| owned(merge::PRIVATE)));
    lines.sort_by(|(one, _), (other, _)| one.cmp(other));
    lines
}

/// Names in lower case, and values.
fn pairs(lines: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines.as_array().into_iter().flatten().map(|line| (text(&line[0]).to_ascii_lowercase(), text(&line[1]))).collect()
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

const PRIVATE: (&str, &str) = ("cache-control", "private");

#[test]
fn every_case_has_its_verdict_its_answer_and_its_reason() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let (ring, cases) = (ring(&table), table["cases"].as_array().unwrap());
    let bearer = Value::from(vec!["bearer"]);
    let mut shown = 0;
    for case in cases {
        let (name, expect) = (&case["name"], &case["expect"]);
        assert!(case["from"].as_str().is_some_and(|from| !from.is_empty()), "{name}: from where?");
        if is_open(case) {
            assert_eq!((expect["status"].as_u64(), &expect["id"]), (Some(200), &Value::Null), "{name}");
            continue;
        }
        let schemes = if case["auth"].is_null() { &bearer } else { &case["auth"] };
        let needs: Vec<_> = schemes.as_array().unwrap().iter().map(|scheme| need(case, scheme)).collect();
        let either = Alternatives::try_new(needs.as_slice()).unwrap();
        let lines = lines(case);
        let fields: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        let request = RequestFields::new(case["method"].as_str().unwrap_or("GET"), &fields);
        let query = case["path"].as_str().and_then(|path| path.split_once('?'));
        let request = query.map_or(request, |(_, query)| request.with_query(query.as_bytes()));
        shown += usize::from(query.is_some() || needs.iter().any(|need| request.lines(need.field()).next().is_some()));

        let decided = either.which(&request);
        let verdict = decided.map_or(Err(Reason::Missing), |at| {
            needs[at].verdict(&ring, &request, case["now"].as_u64().unwrap_or(NOW)).map(|key| (key, needs[at]))
        });
        match verdict {
            Ok((key, need)) => {
                assert_eq!(expect["status"], 200, "{name}");
                assert_eq!((&expect["id"], &expect["principal"]), (&key.id.into(), &key.principal.into()), "{name}");
                let expected =
                    if expect["caching"].is_null() { vec![owned(PRIVATE)] } else { pairs(&expect["caching"]) };
                assert_eq!(sent(need.privacy(&request), pairs(&case["caching"])), expected, "{name}");
            }
            Err(reason) => {
                let refusal = reason.refusal();
                assert_eq!(expect["reason"], reason.message(), "{name}");
                assert_eq!(expect["status"], refusal.status(), "{name}");
                assert_eq!(expect["detail"], refusal.detail(), "{name}");
                let challenges = either.challenges(decided, refusal).map(|challenge| challenge.to_string());
                assert_eq!(expect["www-authenticate"], Value::from_iter(challenges), "{name}");
                // Of one scheme alone a host need not ask which.
                if let ([need], true) = (needs.as_slice(), decided.is_none()) {
                    assert_eq!(need.read(&request, |_| ()), Err(Reason::Missing), "{name}");
                }
            }
        }
    }
    assert!(shown >= 300, "{shown} cases show credentials");
}
