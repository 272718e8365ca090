//! What each header's value says to the one who receives it.

use sallet_core::{Header, SecurityHeaders};
use sfv::{BareItem, Dictionary, Item, ListEntry, Parser};

use crate::csp3;

/// The meaning of a value that was taken, in words that two values of one meaning share.
pub(crate) fn of(name: &str, value: &str) -> Vec<String> {
    let value = value.trim_matches([' ', '\t']);
    let header = SecurityHeaders::HEADERS.iter().find(|header| header.name == name).expect("a header with a row");
    match header.enforced() {
        CSP => csp3::lower(csp3::policies(value)).into_iter().map(|policy| format!("{policy:?}")).collect(),
        "strict-transport-security" => strict_transport_security(value),
        "referrer-policy" | "clear-site-data" => words(name, value),
        "cross-origin-opener-policy"
        | "cross-origin-embedder-policy"
        | "document-isolation-policy"
        | "origin-agent-cluster" => isolation(name, value),
        "permissions-policy" => permissions_policy(value),
        "reporting-endpoints" => reporting_endpoints(value),
        "cache-control" => cache_control(value).expect("a list of directives"),
        name => match one_of(name) {
            Some(choices) => {
                let value = value.to_ascii_lowercase();
                assert!(choices.contains(&&*value), "{name}: {value:?}");
                vec![value]
            }
            // No reader of its own: what has more than one word is a dictionary, or its reader is missing here.
            None => dictionary(value).into_iter().map(|(key, entry)| format!("{name}: {key}={entry:?}")).collect(),
        },
    }
}

/// Whether the mark of what is unchecked can be of a part of this header's value.
pub(crate) fn has_parts(name: &str) -> bool {
    name.starts_with(CSP) || name.starts_with("permissions-policy")
}

const CSP: &str = "content-security-policy";

/// The endpoints that a value names: where, the header's row says.
pub(crate) fn endpoints(header: &Header, value: &str) -> Vec<String> {
    let Some(place) = header.endpoints_in else { return Vec::new() };
    if header.enforced() == CSP {
        let directives = csp3::policies(value).into_iter().flatten();
        return directives.filter(|(name, _)| name == place).flat_map(|(_, endpoints)| endpoints).collect();
    }
    let named = dictionary(value).into_iter().flat_map(|(key, entry)| {
        let (params, list) = match entry {
            ListEntry::Item(item) => (item.params, Vec::new()),
            ListEntry::InnerList(list) => (list.params, list.items),
        };
        let listed = list.into_iter().map(|item| item.bare_item).filter(move |_| key == place);
        listed.chain(params.get(place).cloned())
    });
    let text = |item| match item {
        BareItem::Token(token) => token.as_str().to_owned(),
        BareItem::String(text) => text.as_str().to_owned(),
        other => panic!("{other:?} names no endpoint"),
    };
    named.map(text).collect()
}

/// Headers whose whole value is one of the texts of their specification.
fn one_of(name: &str) -> Option<&'static [&'static str]> {
    let choices: &[&str] = match name {
        "x-content-type-options" => &["nosniff"],
        "x-frame-options" => &["deny", "sameorigin"],
        "cross-origin-resource-policy" => &["same-origin", "same-site", "cross-origin"],
        "x-dns-prefetch-control" => &["on", "off"],
        "x-download-options" => &["noopen"],
        "x-permitted-cross-domain-policies" => {
            &["none", "master-only", "by-content-type", "by-ftp-filename", "all", "none-this-response"]
        }
        "x-xss-protection" => &["0", "1", "1; mode=block"],
        _ => return None,
    };
    Some(choices)
}

/// A list of words (Referrer Policy section 4.1, Clear Site Data section 3.1), each without regard to case.
fn words(name: &str, value: &str) -> Vec<String> {
    let known: &[&str] = match name {
        "referrer-policy" => &[
            "no-referrer",
            "no-referrer-when-downgrade",
            "same-origin",
            "origin",
            "strict-origin",
            "origin-when-cross-origin",
            "strict-origin-when-cross-origin",
            "unsafe-url",
        ],
        _ => &[
            "\"cache\"",
            "\"cookies\"",
            "\"storage\"",
            "\"executioncontexts\"",
            "\"clienthints\"",
            "\"prefetchcache\"",
            "\"prerendercache\"",
            "\"*\"",
        ],
    };
    let words: Vec<_> = value.split(',').map(|word| word.trim_matches([' ', '\t']).to_ascii_lowercase()).collect();
    assert!(words.iter().all(|word| known.contains(&&**word)), "{name}: {value:?}");
    words
}

/// A structured-field item (RFC 9651 section 3.3): a word without regard to case, of whose parameters one is read.
fn isolation(name: &str, value: &str) -> Vec<String> {
    let choices: &[&str] = match name {
        "cross-origin-opener-policy" => {
            &["same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none"]
        }
        "cross-origin-embedder-policy" => &["require-corp", "credentialless", "unsafe-none"],
        "document-isolation-policy" => &["isolate-and-require-corp", "isolate-and-credentialless", "none"],
        _ => &["?1", "?0"],
    };
    let (word, _) = value.split_once(';').unwrap_or((value, ""));
    let lower = value.replacen(word, &word.to_ascii_lowercase(), 1);
    let item: Item = Parser::new(&lower).parse().unwrap_or_else(|error| panic!("{value:?}: {error}"));
    assert!(choices.contains(&&*word.to_ascii_lowercase()), "{name}: {value:?}");
    let endpoint = item.params.get("report-to");
    assert!(
        name == "origin-agent-cluster" || matches!(endpoint, None | Some(BareItem::String(_))),
        "{name}: {value:?}"
    );
    vec![
        word.to_ascii_lowercase(),
        if name == "origin-agent-cluster" { String::new() } else { format!("{endpoint:?}") },
    ]
}

/// `[ directive ] *( ";" [ directive ] )`, where a value is a token or a quoted string (RFC 6797 section 6.1).
fn strict_transport_security(value: &str) -> Vec<String> {
    let mut directives: Vec<_> = value
        .split(';')
        .map(|directive| {
            let directive = directive.trim_matches([' ', '\t']).to_ascii_lowercase();
            let Some((name, value)) = directive.split_once('=') else { return directive };
            let (name, value) = (name.trim_matches([' ', '\t']), value.trim_matches([' ', '\t']));
            let digits = match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                Some(quoted) => quoted.replace('\\', ""),
                None => value.to_owned(),
            };
            assert!(!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()), "{value:?}");
            format!("{name}={}", digits.trim_start_matches('0'))
        })
        .filter(|directive| !directive.is_empty())
        .collect();
    directives.sort_unstable();
    let once = directives.iter().filter(|directive| directive.starts_with("max-age=")).count();
    assert_eq!(once, 1, "max-age is there");
    assert!(directives.iter().all(|one| one.starts_with("max-age=") || one == "includesubdomains" || one == "preload"));
    assert!(directives.windows(2).all(|two| two[0] != two[1]), "no directive twice: {directives:?}");
    directives
}

/// The members of a structured-field dictionary (RFC 9651 section 3.2), of which none replaces another: each comma outside
/// of strings is followed by one.
pub(crate) fn dictionary(value: &str) -> Vec<(String, ListEntry)> {
    let dictionary: Dictionary = Parser::new(value).parse().unwrap_or_else(|error| panic!("{value:?}: {error}"));
    assert_eq!(dictionary.len(), elements(value).0.len(), "{value:?} has a member for each comma and one more");
    dictionary.into_iter().map(|(key, entry)| (key.as_str().to_owned(), entry)).collect()
}

/// What a field of RFC 9213 says of shared caches; nothing where it is no dictionary, for then caches pass over it.
pub(crate) fn targeted_forbids_sharing(value: &str) -> Option<bool> {
    let dictionary: Dictionary = Parser::new(value).parse().ok()?;
    let says = |key: &str| matches!(dictionary.get(key), Some(ListEntry::Item(item)) if item.bare_item == BareItem::Boolean(true));
    Some(says("private") || says("no-store"))
}

/// Permissions Policy sections 5.2 and 6.2: a member is `*`, `self`, a source, or a list of these; it may name an
/// endpoint.
fn permissions_policy(value: &str) -> Vec<String> {
    let is_token = |item: &Item, tokens: &[&str]| matches!(&item.bare_item, BareItem::Token(token) if tokens.contains(&token.as_str()));
    let is_origin = |item: &Item| matches!(&item.bare_item, BareItem::String(text) if is_origin(text.as_str()) || csp3::is_url_source(text.as_str()));
    let members = dictionary(value).into_iter().map(|(feature, entry)| {
        let (good, params) = match &entry {
            ListEntry::Item(item) => (is_token(item, &["*", "self"]) || is_origin(item), &item.params),
            ListEntry::InnerList(list) => {
                (list.items.iter().all(|item| is_token(item, &["*", "self"]) || is_origin(item)), &list.params)
            }
        };
        assert!(good, "{feature} in {value:?}");
        let endpoint = params.get("report-to");
        assert!(matches!(endpoint, None | Some(BareItem::Token(_) | BareItem::String(_))), "{feature} in {value:?}");
        format!("{feature}={entry:?}")
    });
    members.collect()
}

/// A scheme, a host that may begin with `*.`, and a port: what else a browser finds there, it ignores.
fn is_origin(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let (host, port) = rest.split_at(rest.rfind(']').map_or(0, |at| at + 1).max(rest.rfind(':').unwrap_or(rest.len())));
    let is_address = host.starts_with('[') && host.ends_with(']');
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.parse::<u16>().is_ok());
    (is_address || (csp3::is_host_part(host) && host != "*")) && is_port
}

/// Reporting API section 3.3: each member is a string, a URL that is trustworthy once it stands in an https page.
fn reporting_endpoints(value: &str) -> Vec<String> {
    let page = url::Url::parse("https://page.example/").unwrap();
    let members = dictionary(value).into_iter().map(|(name, entry)| {
        let ListEntry::Item(Item { bare_item: BareItem::String(text), .. }) = entry else {
            panic!("{name} in {value:?} is no string")
        };
        // Some hosts that look well are none to a browser (a bad punycode label); those are beyond a check of text.
        if let Ok(url) = page.join(text.as_str()) {
            let local = || match url.host() {
                Some(url::Host::Domain(name)) => {
                    let name = name.trim_end_matches('.');
                    name == "localhost" || name.ends_with(".localhost")
                }
                Some(url::Host::Ipv4(address)) => address.is_loopback(),
                Some(url::Host::Ipv6(address)) => address.is_loopback(),
                None => false,
            };
            assert!(url.scheme() == "https" || url.scheme() == "http" && local(), "{text:?}");
        }
        if let Some(rest) = text.as_str().to_ascii_lowercase().strip_prefix("https://") {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            assert!(!authority.is_empty() && !authority.starts_with(':') && !authority.contains('@'), "{text:?}");
        }
        format!("{name}={}", text.as_str())
    });
    members.collect()
}

/// `Cache-Control = #cache-directive`, `cache-directive = token [ "=" ( token / quoted-string ) ]` (RFC 9111 section
/// 5.2); nothing if it is not that.
fn cache_control(value: &str) -> Option<Vec<String>> {
    let (elements, true) = elements(value) else { return None };
    elements
        .into_iter()
        .map(|element| {
            let (name, argument) = match element.split_once('=') {
                Some((name, argument)) => (name, Some(argument)),
                None => (&*element, None),
            };
            let is_token = |text: &str| crate::abnf::token(text.as_bytes()).is_some_and(|(_, rest)| rest.is_empty());
            let is_quoted = |text: &str| text.len() > 1 && text.starts_with('"') && text.ends_with('"');
            let good = is_token(name) && argument.is_none_or(|argument| is_token(argument) || is_quoted(argument));
            good.then(|| element.clone())
        })
        .collect()
}

/// Whether a cache that several people share must not keep the response: one whole directive is `private` or
/// `no-store`.
pub(crate) fn forbids_sharing(value: &str) -> bool {
    let (elements, _) = elements(value);
    elements.iter().any(|element| element.eq_ignore_ascii_case("private") || element.eq_ignore_ascii_case("no-store"))
}

/// The elements of a list, cut at the commas outside quoted strings (RFC 9110 section 5.6.4), and whether all of them
/// end: one that does not is left out.
fn elements(value: &str) -> (Vec<String>, bool) {
    let mut elements = Vec::new();
    let mut element = String::new();
    let mut quoted = false;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            ',' if !quoted => elements.push(std::mem::take(&mut element)),
            '\\' if quoted => element.extend([c].into_iter().chain(chars.next())),
            _ => {
                quoted ^= c == '"';
                element.push(c);
            }
        }
    }
    if !quoted {
        elements.push(element);
    }
    (elements.iter().map(|element| element.trim_matches([' ', '\t']).to_owned()).collect(), !quoted)
}
