//! Writes the shared case table as Rust: constants that the compiler checks and renders, as a firmware writes them by
//! hand.

use std::fmt::Write;
use std::{env, fs, path::PathBuf};

use sallet_core::paths::PathRule;
use sallet_core::{NONCE_LEN, Source};
use serde_json::Value;

type Table = serde_json::Map<String, Value>;

fn main() {
    let mut code = String::new();
    headers(&mut code, &read("headers.json"));
    auth(&mut code, &read("auth.json"));
    paths(&mut code, &read("paths.json"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("cases.rs"), code).expect("cargo made the folder");
}

fn read(name: &str) -> Table {
    let path = PathBuf::from("../../cases").join(name);
    println!("cargo:rerun-if-changed={}", path.display());
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn headers(code: &mut String, table: &Table) {
    *code += "pub(crate) static HEADERS: &[HeadersCase] = &[\n";
    for case in cases(table) {
        let https = case["scheme"] == "https";
        let mut paths: Vec<_> = case["paths"].as_object().into_iter().flatten().collect();
        let exactness = |rule: &str| PathRule::parse(rule).expect("a rule").exactness();
        paths.sort_by_key(|(rule, _)| std::cmp::Reverse(exactness(rule)));
        let one = |(rule, policy): &(&String, &Value)| format!("(PathRule::new({rule:?}), {}),", plan(policy, https));
        let paths: String = paths.iter().map(one).collect();
        let (outer, inside) = (layer(case, https), &case["inside"]);
        let inside = if inside.is_null() { "None".to_owned() } else { format!("Some({})", layer(inside, https)) };
        // The nonce is what the app saw.
        let body = if outer.contains("page!") || inside.contains("page!") { NONCE_LEN } else { 0 };
        let app: String = own(case).map(|(name, value)| format!("({name:?}, {value:?}),")).collect();
        let lines: String =
            own(case).map(|(name, value)| format!("{}: {value}\r\n", name.to_ascii_lowercase())).collect();
        let (status, head) = (status(case), head(case, body));
        let start = format!("{head}{lines}");
        let scheme = if https { "Https" } else { "Http" };
        let _ = writeln!(
            code,
            "headers_case!({status}, {scheme}, {head:?}, {start:?}, [{app}], {outer}, [{paths}], {inside}),"
        );
    }
    *code += "];\n";
}

fn status(case: &Value) -> u64 {
    case["status"].as_u64().unwrap_or(200)
}

/// The app's own fields.
fn own(case: &Value) -> impl Iterator<Item = (&str, &str)> {
    case["app"].as_array().expect("a list").iter().map(|field| (text(&field[0]), text(&field[1])))
}

/// The status line and the length.
fn head(case: &Value, body: usize) -> String {
    let status = status(case);
    // RFC 9110 section 8.6: a 204 has no length, and that of a 304 would be the stored page's.
    let length = if has_body(status) { format!("content-length: {body}\r\n") } else { String::new() };
    format!("HTTP/1.1 {status} \r\n{length}")
}

const fn has_body(status: u64) -> bool {
    status != 204 && status != 304
}

fn layer(layer: &Value, https: bool) -> String {
    let precedence = match &layer["override"] {
        Value::Bool(true) => "Policy",
        Value::String(add) if add == "add" => "Add",
        _ => "App",
    };
    let remove = match layer["remove"].as_array() {
        Some(names) => format!("&[{}]", names.iter().map(|name| format!("{name},")).collect::<String>()),
        None => "MergeRules::REMOVED".to_owned(),
    };
    format!("layer!({}, {precedence}, {remove})", plan(&layer["policy"], https))
}

fn plan(policy: &Value, https: bool) -> String {
    let mut nonce = false;
    let changes = pairs(&policy["set"], |name, value| match value.as_str() {
        Some(value) => {
            nonce |= value.contains("'nonce'");
            format!("({name:?}, Some({:?})),", value.replace("'nonce'", Source::NONCE.as_str()))
        }
        None => format!("({name:?}, None),"),
    });
    let (plan, preset) = (if nonce { "page" } else { "block" }, text(&policy["preset"]));
    let scheme = if https { "Https" } else { "Http" };
    let custom: String = policy["custom"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("CustomField::new({name:?}, {:?}),", text(value)))
        .collect();
    format!("{plan}!({preset} {scheme} [{changes}] [{custom}])")
}

fn auth(code: &mut String, table: &Table) {
    let keys = table["keys"].as_array().expect("keys");
    let _ = writeln!(code, "pub(crate) const KEYS: [Key; {}] = [", keys.len());
    for key in keys {
        let name = |name| text(&key[name]);
        let (id, principal, scopes, digest) = (name("id"), name("principal"), name("scopes"), name("sha256"));
        let _ = write!(code, "Key::new({id:?}, digest_hex!({digest:?})).principal({principal:?}).scopes({scopes:?})");
        for window in ["not_before", "not_after"] {
            if let Some(second) = key[window].as_u64() {
                let _ = write!(code, ".{window}({second})");
            }
        }
        *code += ",\n";
    }
    *code += "];\n";
    *code += "pub(crate) static AUTH: &[AuthCase] = &[\n";
    let bearer = Value::from(vec!["bearer"]);
    for case in cases(table) {
        let schemes = if case["auth"].is_null() { &bearer } else { &case["auth"] };
        let needs: String = schemes.as_array().expect("a list").iter().map(|scheme| need(case, scheme)).collect();
        let rules = |name| {
            let rules = case[name].as_array().into_iter().flatten();
            rules.map(|rule| format!("PathRule::new({:?}),", text(rule))).collect::<String>()
        };
        let lines = case["caching"].as_array().into_iter().flatten();
        let caching: String =
            lines.map(|line| format!("({:?}, {:?}),", text(&line[0]).to_ascii_lowercase(), text(&line[1]))).collect();
        let (public, preflights) = (rules("public"), rules("preflights"));
        let _ = writeln!(code, "auth_case!([{needs}], [{public}], [{preflights}], [{caching}]),");
    }
    *code += "];\n";
}

/// One scheme: its name, or an object of the name and its options.
fn need(case: &Value, scheme: &Value) -> String {
    let row = match scheme.as_str().or(scheme["scheme"].as_str()).expect("a name") {
        "bearer" => "Bearer",
        "basic" => "Basic",
        "api-key" => "ApiKey",
        other => panic!("{other} is no scheme"),
    };
    let (realm, scopes) = (case["realm"].as_str().unwrap_or("items"), case["scopes"].as_str().unwrap_or(""));
    let mut code = format!("Requirement::new(AuthScheme::{row}, Realm::new({realm:?}), Scopes::new({scopes:?}))");
    for (option, value) in scheme.as_object().into_iter().flatten().filter(|(option, _)| *option != "scheme") {
        let place = |method| format!(".{method}(PlaceName::new({value}))");
        code += &match option.as_str() {
            "word" => place("by_word"),
            "header" => place("in_field"),
            "query" => place("in_query"),
            "subprotocol" => place("in_subprotocol"),
            "resource_metadata" => format!(".resource_metadata(ResourceMetadata::new({value}))"),
            "max_len" => format!(".with_max_length({value})"),
            "cross_site" => format!(".cross_site({value})"),
            _ => panic!("{option} is no option"),
        };
    }
    code + ","
}

fn paths(code: &mut String, table: &Table) {
    *code += "pub(crate) static PATHS: &[PathsCase] = &[\n";
    for row in table["raw"].as_array().expect("rows") {
        let (rule, method) = (format!("PathRule::new({:?})", text(&row[0])), text(&row[1]));
        let some = |verdict: &Value, rules: String| {
            if verdict.is_null() { "None".to_owned() } else { format!("Some({rules})") }
        };
        let public = some(&row[3], format!("PathRules::new(&[{rule}])"));
        let protected = some(&row[4], format!("PathRules::NONE.protected(&[{rule}])"));
        let _ = writeln!(
            code,
            "PathsCase {{ rule: {rule}, method: {method:?}, public: {public}, protected: {protected} }},"
        );
    }
    *code += "];\n";
}

fn cases(table: &Table) -> &Vec<Value> {
    table["cases"].as_array().expect("cases")
}

fn pairs(map: &Value, mut each: impl FnMut(&str, &Value) -> String) -> String {
    map.as_object().into_iter().flatten().map(|(name, value)| each(name, value)).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}
