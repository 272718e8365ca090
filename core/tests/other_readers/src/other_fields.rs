//! Headers that have a grammar of their own.

use crate::random::Random;

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz-";

/// `1#policy-token` (Referrer Policy section 4.1).
pub fn referrer_policy(random: &mut Random) -> String {
    const TOKENS: &[&str] = &[
        "no-referrer",
        "no-referrer-when-downgrade",
        "strict-origin",
        "strict-origin-when-cross-origin",
        "same-origin",
        "origin",
        "origin-when-cross-origin",
        "unsafe-url",
    ];
    let most = if random.once_in(2) { 1 } else { 3 };
    let tokens = random.several(1, most, |random| {
        let token = random.pick(TOKENS);
        random.any_case(token)
    });
    tokens.join(random.pick(&[", ", ",", " , "]))
}

/// `[ directive ] *( ";" [ directive ] )` with `implied *LWS` (RFC 6797 section 6.1).
pub fn strict_transport_security(random: &mut Random) -> String {
    let seconds = random.text("0123456789", 1, 8);
    let equals = random.pick(&["=", "=", "=", " = "]);
    let age = if random.once_in(5) { format!("{equals}\"{seconds}\"") } else { format!("{equals}{seconds}") };
    let mut directives = vec![random.any_case("max-age") + &age];
    if random.once_in(2) {
        directives.push(random.any_case("includeSubDomains"));
    }
    if random.once_in(6) {
        directives.push(random.any_case("preload"));
    }
    let first = random.below(directives.len());
    directives.swap(0, first);
    if random.once_in(6) {
        directives.push(String::new());
    }
    directives.join(random.pick(&["; ", ";", " ; ", "; ; "]))
}

/// `1#cache-directive`, `cache-directive = token [ "=" ( token / quoted-string ) ]` (RFC 9111 section 5.2).
pub fn cache_control(random: &mut Random) -> String {
    let directives = random.several(1, 4, |random| match random.below(8) {
        0 => format!("max-age={}", random.below(100_000_000)),
        1 => format!("s-maxage={}", random.below(100_000)),
        2 => format!("stale-while-revalidate={}", random.below(1000)),
        3 => "no-cache=\"set-cookie, authorization\"".to_owned(),
        4 => format!(
            "{}=\"a\\\"b, {}\"",
            random.text(TOKEN, 1, 8).trim_matches('-').to_owned() + "x",
            random.text(" abc=;", 0, 5)
        ),
        _ => {
            let directive =
                random.pick(&["no-store", "no-cache", "private", "must-revalidate", "immutable", "no-transform"]);
            random.any_case(directive)
        }
    });
    directives.join(random.pick(&[", ", ",", " , "]))
}

/// `"DENY" / "SAMEORIGIN"` (RFC 7034 section 2.1, whose strings are case-insensitive).
pub fn x_frame_options(random: &mut Random) -> String {
    let value = random.pick(&["DENY", "SAMEORIGIN"]);
    random.any_case(value)
}

/// `"nosniff"`, ASCII case-insensitive (Fetch section 3.6).
pub fn x_content_type_options(random: &mut Random) -> String {
    random.any_case("nosniff")
}

/// `%s"same-origin" / %s"same-site" / %s"cross-origin"` (Fetch section 3.7).
pub fn cross_origin_resource_policy(random: &mut Random) -> String {
    random.pick(&["same-origin", "same-site", "cross-origin"]).to_owned()
}

/// `1#( quoted-string )` (Clear Site Data section 3.1).
pub fn clear_site_data(random: &mut Random) -> String {
    const TYPES: &[&str] = &[
        "\"cache\"",
        "\"cookies\"",
        "\"storage\"",
        "\"executionContexts\"",
        "\"clientHints\"",
        "\"prefetchCache\"",
        "\"prerenderCache\"",
        "\"*\"",
    ];
    random.several(1, 3, |random| random.pick(TYPES)).join(random.pick(&[", ", ",", " , "]))
}
