//! How a browser reads a policy: CSP3 sections 2.2.1 and 2.3.1, and the productions of RFC 3986 that they name.

/// One directive as a browser keeps it: name and value, cut at white space.
pub(crate) type Directive = (String, Vec<String>);

/// The field value as the browser sees it first: a list of policies, cut at commas, without empty ones (CSP3 section 2.2.2).
pub(crate) fn policies(value: &str) -> Vec<Vec<Directive>> {
    value.split(',').map(policy).filter(|policy| !policy.is_empty()).collect()
}

/// `Parse a serialized CSP` (CSP3 section 2.2.1). A browser skips a directive whose name it has seen; here it stays, so
/// that the test can see it.
fn policy(text: &str) -> Vec<Directive> {
    text.split(';').filter_map(directive).collect()
}

fn directive(text: &str) -> Option<Directive> {
    let mut words = text.split(|c: char| c.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let name = words.next()?.to_ascii_lowercase();
    Some((name, words.map(str::to_owned).collect()))
}

/// With all in lower case that has no case: keywords and flags; and hashes, whose digests are compared elsewhere.
pub(crate) fn lower(mut policies: Vec<Vec<Directive>>) -> Vec<Vec<Directive>> {
    for (name, sources) in policies.iter_mut().flatten() {
        sources
            .iter_mut()
            .filter(|source| source.starts_with('\'') || name == "sandbox")
            .for_each(|source| source.make_ascii_lowercase());
    }
    policies
}

/// What a directive falls back to, first to last (CSP3 section 6.8.3); nothing for those that load nothing.
pub(crate) fn fallbacks(name: &str) -> &'static [&'static str] {
    match name {
        "script-src-elem" | "script-src-attr" => &["script-src", "default-src"],
        "style-src-elem" | "style-src-attr" => &["style-src", "default-src"],
        "worker-src" => &["child-src", "script-src", "default-src"],
        "frame-src" => &["child-src", "default-src"],
        "fenced-frame-src" => &["frame-src", "child-src", "default-src"],
        "default-src" => &[],
        _ if name.ends_with("-src") => &["default-src"],
        _ => &[],
    }
}

/// `source-expression = scheme-source / host-source / keyword-source / nonce-source / hash-source`, without the nonce,
/// which a policy cannot hold before a request is there.
pub(crate) fn is_source_expression(text: &str) -> bool {
    is_scheme_source(text)
        || is_host_source(text)
        || is_keyword_source(text)
        || is_hash_source(text)
        || is_other_hash(text)
}

/// `keyword-source`, and `'none'`, which stands for the whole list.
fn is_keyword_source(text: &str) -> bool {
    const KEYWORDS: [&str; 15] = [
        "'none'",
        "'self'",
        "'unsafe-inline'",
        "'unsafe-eval'",
        "'strict-dynamic'",
        "'unsafe-hashes'",
        "'report-sample'",
        "'wasm-unsafe-eval'",
        "'inline-speculation-rules'",
        "'trusted-types-eval'",
        "'report-sha256'",
        "'report-sha384'",
        "'report-sha512'",
        "'unsafe-allow-redirects'",
        "'unsafe-webtransport-hashes'",
    ];
    KEYWORDS.iter().any(|keyword| text.eq_ignore_ascii_case(keyword))
}

/// `hash-source = "'" hash-algorithm "-" base64-value "'"`, of a length that can match anything at all.
pub(crate) fn is_hash_source(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) else { return false };
    let Some((algorithm, value)) = inner.split_once('-') else { return false };
    let bytes = match algorithm.to_ascii_lowercase().as_str() {
        "sha256" => 32_usize,
        "sha384" => 48,
        "sha512" => 64,
        _ => return false,
    };
    let digits = value.trim_end_matches('=');
    // `base64-value = 1*( ALPHA / DIGIT / "+" / "/" / "-" / "_" )*2( "=" )`
    digits.chars().all(|c| c.is_ascii_alphanumeric() || "+/-_".contains(c))
        && value.len() == bytes.div_ceil(3) * 4
        && digits.len() == (bytes * 4).div_ceil(3)
}

/// A hash of a URL or of what is given to `eval`: `'url-sha256-…'`, `'eval-sha256-…'`.
fn is_other_hash(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["'url-", "'eval-"]
        .iter()
        .any(|kind| text.strip_prefix(kind).is_some_and(|rest| is_hash_source(&format!("'{rest}"))))
}

/// `scheme-source = scheme-part ":"`
/// A scheme or a host, as Permissions Policy takes them too.
pub(crate) fn is_url_source(text: &str) -> bool {
    is_scheme_source(text) || is_host_source(text)
}

fn is_scheme_source(text: &str) -> bool {
    text.strip_suffix(':').is_some_and(is_scheme_part)
}

/// `host-source = [ scheme-part "://" ] host-part [ ":" port-part ] [ path-part ]`
fn is_host_source(text: &str) -> bool {
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme_part(scheme) => rest,
        _ => text,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "*"));
    is_host_part(host) && is_port_part(port) && is_path_part(path)
}

/// `scheme-part = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )` (RFC 3986 section 3.1)
fn is_scheme_part(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// `host-part = "*" / [ "*." ] 1*host-char *( "." 1*host-char ) [ "." ]`, with the underscore that browsers take.
pub(crate) fn is_host_part(text: &str) -> bool {
    let labels = text.strip_prefix("*.").unwrap_or(text);
    let labels = labels.strip_suffix('.').unwrap_or(labels);
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    text == "*" || labels.split('.').all(is_label)
}

/// `port-part = 1*DIGIT / "*"`
fn is_port_part(text: &str) -> bool {
    text == "*" || (!text.is_empty() && text.chars().all(|c| c.is_ascii_digit()))
}

/// `path-part = path-absolute` (RFC 3986 section 3.3), whose `;` and `,` must be percent-encoded here; or nothing.
fn is_path_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    let pchar = |(i, byte): (usize, &u8)| match byte {
        b'%' => bytes.get(i + 1..i + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
        b'/' => true,
        byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+=:@".contains(byte),
    };
    text.is_empty() || (bytes[0] == b'/' && !text.starts_with("//") && bytes.iter().enumerate().all(pchar))
}
