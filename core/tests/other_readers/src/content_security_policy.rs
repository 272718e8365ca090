//! `serialized-policy-list` of CSP3, section 2.2.1, and the values of its directives.

use crate::random::Random;

pub const ALPHA: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub const ALPHA_DIGIT: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HOST_CHAR: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
const BASE64: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/-_";
const TT_POLICY_NAME: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-#=_/@.%";

/// What Sallet takes for the nonce of each response, and what is sent in its place.
pub const NONCE: &str = "'nonce-{one-for-each-request}'";

/// Directives whose value is a `serialized-source-list`.
pub const SOURCE_LISTS: &[&str] = &[
    "default-src",
    "script-src",
    "script-src-elem",
    "script-src-attr",
    "style-src",
    "style-src-elem",
    "style-src-attr",
    "child-src",
    "connect-src",
    "fenced-frame-src",
    "font-src",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "object-src",
    "worker-src",
    "base-uri",
    "form-action",
];
const OTHERS: &[&str] = &[
    "frame-ancestors",
    "sandbox",
    "report-uri",
    "report-to",
    "require-trusted-types-for",
    "trusted-types",
    "upgrade-insecure-requests",
    "webrtc",
];
/// `keyword-source` (CSP3 section 2.3.1), and that of Speculation Rules.
const KEYWORDS: &[&str] = &[
    "'self'",
    "'unsafe-inline'",
    "'unsafe-eval'",
    "'strict-dynamic'",
    "'unsafe-hashes'",
    "'report-sample'",
    "'unsafe-allow-redirects'",
    "'wasm-unsafe-eval'",
    "'trusted-types-eval'",
    "'report-sha256'",
    "'report-sha384'",
    "'report-sha512'",
    "'unsafe-webtransport-hashes'",
    "'inline-speculation-rules'",
];
/// The flags of HTML, section 7.1.5.
const SANDBOX: &[&str] = &[
    "allow-downloads",
    "allow-forms",
    "allow-modals",
    "allow-orientation-lock",
    "allow-pointer-lock",
    "allow-popups",
    "allow-popups-to-escape-sandbox",
    "allow-presentation",
    "allow-same-origin",
    "allow-scripts",
    "allow-top-navigation",
    "allow-top-navigation-by-user-activation",
    "allow-top-navigation-to-custom-protocols",
];

/// A directive as a browser keeps it: its name, and its value cut at white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    pub name: String,
    pub value: Vec<String>,
}

/// `1#serialized-policy`: what it means, and one way to write it.
#[derive(Debug)]
pub struct PolicyList {
    pub policies: Vec<Vec<Directive>>,
    pub text: String,
}

pub fn policy_list(random: &mut Random) -> PolicyList {
    let count = if random.once_in(10) { random.between(2, 3) } else { 1 };
    let (mut policies, mut texts) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let mut names: Vec<&str> = random.several(1, 7, |random| {
            let one = if random.once_in(3) { OTHERS } else { SOURCE_LISTS };
            random.pick(one)
        });
        if !random.once_in(500) {
            names = names
                .iter()
                .enumerate()
                .filter(|(i, name)| !names[..*i].contains(name))
                .map(|(_, name)| *name)
                .collect();
        }
        let (mut policy, mut text) = (Vec::new(), String::new());
        for (i, name) in names.into_iter().enumerate() {
            let value = directive_value(name, random);
            if i > 0 {
                // *( optional-ascii-whitespace ";" [ optional-ascii-whitespace serialized-directive ] )
                text += &white_space(random, 0);
                text += if random.once_in(40) { "; ;" } else { ";" };
                text += &white_space(random, 0);
            }
            text += &random.any_case(name);
            for word in &value {
                text += &white_space(random, 1);
                text += word;
            }
            policy.push(Directive {
                name: name.to_owned(),
                value: value.iter().map(|word| canonical(name, word)).collect(),
            });
        }
        if random.once_in(10) {
            text += ";";
        }
        policies.push(policy);
        texts.push(text);
    }
    let comma = random.pick(&[",", ", ", " , ", ",\t"]);
    PolicyList { policies, text: texts.join(comma) }
}

/// Keywords, flags and the names of hash functions are case-insensitive, all else is as it is.
fn canonical(name: &str, word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    if let Some(at) = lower.strip_prefix("'sha").and_then(|rest| rest.find('-')) {
        return lower[..at + 5].to_owned() + &word[at + 5..];
    }
    let is_keyword = word.starts_with('\'') && word != NONCE || name == "sandbox";
    if is_keyword { lower } else { word.to_owned() }
}

/// `required-ascii-whitespace`, as far as a field value can hold it; `least` characters.
fn white_space(random: &mut Random, least: usize) -> String {
    if random.once_in(20) { random.text(" \t", least, 3) } else { " ".to_owned() }
}

fn directive_value(name: &str, random: &mut Random) -> Vec<String> {
    match name {
        "frame-ancestors" if random.once_in(4) => vec![random.any_case("'none'")],
        // ancestor-source = scheme-source / host-source / "'self'"
        "frame-ancestors" => random.several(1, 4, |random| match random.below(3) {
            0 => scheme_source(random),
            1 => host_source(random),
            _ => random.any_case("'self'"),
        }),
        "sandbox" => random.several(0, 4, |random| {
            let flag = random.pick(SANDBOX);
            random.any_case(flag)
        }),
        "report-uri" => random.several(1, 2, uri_reference),
        "report-to" => vec![random.text(ALPHA_DIGIT, 1, 10)],
        "require-trusted-types-for" => vec!["'script'".to_owned()],
        "trusted-types" if random.once_in(4) => vec!["'none'".to_owned()],
        "trusted-types" => random.several(1, 3, |random| match random.below(5) {
            0 => "*".to_owned(),
            1 => "'allow-duplicates'".to_owned(),
            _ => random.text(TT_POLICY_NAME, 1, 10),
        }),
        "upgrade-insecure-requests" => Vec::new(),
        "webrtc" => vec![random.pick(&["'allow'", "'block'"]).to_owned()],
        _ if random.once_in(6) => vec![random.any_case("'none'")],
        _ => random.several(1, 5, source_expression),
    }
}

fn source_expression(random: &mut Random) -> String {
    match random.below(12) {
        0 | 1 => scheme_source(random),
        2..=5 => host_source(random),
        6 => hash_source(random),
        7 if random.once_in(4) => NONCE.to_owned(),
        _ => {
            let keyword = random.pick(KEYWORDS);
            random.any_case(keyword)
        }
    }
}

/// `scheme-part = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )` (RFC 3986 section 3.1)
fn scheme_part(random: &mut Random) -> String {
    match random.below(4) {
        0 => random.text(ALPHA, 1, 1) + &random.text("abcdefghijklmnopqrstuvwxyz0123456789+-.", 0, 10),
        1 => {
            random.pick(&["com.example.app", "com.googleusercontent.apps.1-a", "blob", "data", "filesystem"]).to_owned()
        }
        _ => {
            let scheme = random.pick(&["https", "http", "wss", "ws"]);
            random.any_case(scheme)
        }
    }
}

fn scheme_source(random: &mut Random) -> String {
    scheme_part(random) + ":"
}

/// `host-source = [ scheme-part "://" ] host-part [ ":" port-part ] [ path-part ]`
pub fn host_source(random: &mut Random) -> String {
    let mut text = if random.once_in(2) { scheme_part(random) + "://" } else { String::new() };
    text += &host_part(random);
    match random.below(6) {
        0 => text += &format!(":{}", random.below(65536)),
        1 => text += ":*",
        _ => {}
    }
    if random.once_in(3) { text + &path_part(random) } else { text }
}

/// `host-part = "*" / [ "*." ] 1*host-char *( "." 1*host-char ) [ "." ]`
fn host_part(random: &mut Random) -> String {
    if random.once_in(10) {
        return "*".to_owned();
    }
    let wildcard = if random.once_in(4) { "*." } else { "" };
    let labels = random.several(1, 3, |random| random.text(HOST_CHAR, 1, 8));
    let dot = if random.once_in(20) { "." } else { "" };
    format!("{wildcard}{}{dot}", labels.join("."))
}

/// `path-absolute = "/" [ segment-nz *( "/" segment ) ]` (RFC 3986 section 3.3), without `;` and `,`
fn path_part(random: &mut Random) -> String {
    let mut text = "/".to_owned();
    if random.once_in(4) {
        return text;
    }
    text += &segment(random, 1);
    for _ in 0..random.below(3) {
        text += "/";
        text += &segment(random, 0);
    }
    text
}

/// `pchar = unreserved / pct-encoded / sub-delims / ":" / "@"`
fn segment(random: &mut Random, least: usize) -> String {
    let mut text = random.text("abcXYZ019-._~!$&'()*+=:@", least, 8);
    if random.once_in(5) {
        text += "%2";
        text += &random.text("0123456789abcdefABCDEF", 1, 1);
    }
    text
}

/// `"'" hash-algorithm "-" base64-value "'"`, of the length that the function gives.
fn hash_source(random: &mut Random) -> String {
    let (name, characters, padding) = random.pick(&[&("sha256", 43, "="), &("sha384", 64, ""), &("sha512", 86, "==")]);
    let value = random.text(BASE64, characters - 1, characters - 1);
    // The last character has bits that are not of the digest, and are zero.
    format!("'{}-{value}{}{padding}'", random.any_case(name), random.pick(&["A", "Q", "w"]))
}

/// `URI-reference` (RFC 3986 section 4.1), over HTTP or relative.
fn uri_reference(random: &mut Random) -> String {
    let origin =
        if random.once_in(2) { format!("https://{}.example", random.text("abcdef", 1, 6)) } else { String::new() };
    let query = if random.once_in(4) { format!("?{}", random.text("abc=&019", 0, 8)) } else { String::new() };
    format!("{origin}{}{query}", path_part(random))
}
