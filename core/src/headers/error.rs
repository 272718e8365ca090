//! Why a header value was refused.

/// Why a header value or a policy was refused; each cause names its fix.
///
/// In a `const` the same sentence is the compiler's error:
///
/// ```compile_fail
/// use sallet_core::{ContentSecurityPolicy, Directive, Source};
/// // error[E0080]: evaluation panicked: keywords are quoted: write 'self', quotes included, …
/// const CSP: ContentSecurityPolicy = ContentSecurityPolicy::new(&[Directive::script_src(&[Source::new("self")])]);
/// ```
///
/// A value that its specification allows is taken. These aren't, though their grammar has them; the mark
/// [`UNCHECKED`](crate::UNCHECKED) sends them all the same. [`ContentSecurityPolicy`](crate::ContentSecurityPolicy) has a table of its own.
///
/// | Header | Refused | Why |
/// |---|---|---|
/// | `strict-transport-security` | `max-age=31536000; preload` | The preload list takes whole domains only (hstspreload.org). |
/// | `strict-transport-security` | `max-age=86400; includeSubDomains; preload` | The preload list asks for a year (hstspreload.org). |
/// | `strict-transport-security` | `max-age=31536000; includeSubdomain` | Any directive is in the grammar; no specification defines this one. |
/// | `strict-transport-security` | `max-age=18446744073709551616` | More than 64 bits of seconds are a mistake. |
/// | `permissions-policy` | `camera=(self), camera=("https://a.example")` | Browsers take the last; both were meant. |
/// | `permissions-policy` | `camera=("self")` | Browsers read a host of that name; `self` was meant. |
/// | `reporting-endpoints` | `a="/b", a="/c"` | Browsers take the last; both were meant. |
/// | `reporting-endpoints` | `a=""` | It is the page itself, which takes no reports. |
/// | `integrity-policy` | `blocked-destinations=(script image)` | Browsers skip a kind that they do not know, and block less than was meant. |
/// | `integrity-policy` | `blocked-destinations=(script), endpoint=(a)` | Any member is in the grammar; no specification defines this one. |
/// | `integrity-policy` | `endpoints=(a)` | It blocks nothing. |
/// | `referrer-policy` | `no-referrer, stricter-origin` | Any word is in the grammar (`extension-token`); no specification defines this one. |
/// | `clear-site-data` | `"history"` | Any word is in the grammar; no specification defines this one. |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// A policy without a directive.
    EmptyPolicy,
    /// A directive that CSP3 and its companions do not define.
    UnknownDirective,
    /// A directive that is known, and so cannot be marked as unchecked as a whole.
    KnownDirective,
    /// A directive that browsers have dropped.
    ObsoleteDirective,
    /// The same directive twice.
    DuplicateDirective,
    /// Several policies in one that is to be one of several.
    NestedPolicies,
    /// A directive that needs sources has none.
    EmptySourceList,
    /// A value where the directive takes none.
    UnexpectedValue,
    /// An empty source.
    EmptySource,
    /// White space inside one source.
    TwoSources,
    /// `;` or `,` inside one source.
    Separator,
    /// CR, LF, NUL or another control character.
    ControlCharacter,
    /// A character outside ASCII.
    NonAscii,
    /// A keyword, nonce or hash without its quotes.
    UnquotedKeyword,
    /// The name of a directive among the sources of another.
    MissingSemicolon,
    /// A scheme without its colon.
    BareScheme,
    /// Quotes around something that is no keyword.
    UnknownKeyword,
    /// A quote in the wrong place.
    BadQuotes,
    /// A nonce written into the policy.
    FixedNonce,
    /// More nonces than a policy can use.
    TooManyNonces,
    /// A hash that is not base64 of its algorithm's length.
    BadHash,
    /// `'none'` beside other sources.
    NoneWithOthers,
    /// A keyword that this directive does not take.
    KeywordNotAllowed,
    /// Not a scheme, host or URL without query.
    BadHost,
    /// Not one of the sandbox flags.
    UnknownSandboxFlag,
    /// Not the name of a Trusted Types policy.
    BadPolicyName,
    /// `report-to` wants exactly one endpoint name.
    BadEndpointName,
    /// A nonce in a response that shared caches may keep.
    SharedNonce,
    /// `preload` without `includeSubDomains`.
    PreloadWithoutSubdomains,
    /// `preload` with less than a year.
    PreloadTooShort,
    /// A Permissions-Policy feature twice.
    DuplicateFeature,
    /// A value that the header does not take; the sentence, which is the header's own, says what it takes.
    BadValue(&'static str),
    /// A header that has no setter of its own and was not given as a custom field.
    UnknownHeader,
    /// Not a field name.
    BadFieldName,
    /// Not a field value.
    BadFieldValue,
    /// A field that belongs to the connection, to one response or to requests, so that no policy can set it for all.
    NotForAPolicy,
    /// A custom field for a header that the policy already has a setter for.
    NotCustom,
    /// A header set twice.
    DuplicateHeader,
    /// More fields than a policy can hold.
    TooManyFields,
    /// The mark of unchecked text inside of such a text.
    MarkTwice,
}

impl PolicyError {
    /// The sentence, as a `const fn` so that it can be a compile error too.
    pub const fn message(self) -> &'static str {
        match self {
            Self::EmptyPolicy => "an empty policy protects nothing: give at least default-src, or leave the header out",
            Self::UnknownDirective => {
                "no such CSP directive: look for a typo (script-src, style-src, img-src, …); one that is newer than this version \
                 of Sallet is sent with {unchecked} in front of its name"
            }
            Self::KnownDirective => {
                "this directive is known and stays checked: put {unchecked} in front of the source that is not, as in \
                 script-src 'self' {unchecked}'new-keyword'"
            }
            Self::NestedPolicies => {
                "and() was given several policies in one, or called twice: give all the others in one list, each by itself"
            }
            Self::ObsoleteDirective => {
                "browsers have dropped this directive: leave it out (upgrade-insecure-requests replaces \
                 block-all-mixed-content; report-to and worker-src replace the others; {unchecked} in front of its name sends it all the same)"
            }
            Self::DuplicateDirective => {
                "a directive may stand once: browsers ignore the second, so put all its sources into the first"
            }
            Self::EmptySourceList => "a source list needs a source: write 'none' (in quotes) to allow nothing",
            Self::UnexpectedValue => "this directive takes no value: leave its list empty",
            Self::EmptySource => "a source is empty: leave it out",
            Self::TwoSources => "white space inside a source: give each source as an item of its own",
            Self::Separator => {
                "; ends a directive and , a policy, so a source cannot hold them: separate sources by spaces, and write %3B and \
                 %2C inside a URL"
            }
            Self::ControlCharacter => "a header value cannot hold CR, LF, NUL or other control characters: remove them",
            Self::NonAscii => {
                "a header value is ASCII: use straight quotes ('), punycode for host names, percent-encoding in paths"
            }
            Self::UnquotedKeyword => {
                "keywords are quoted: write 'self', quotes included, and so 'none', 'unsafe-inline', 'sha256-…' \
                 (without them a browser reads a host name)"
            }
            Self::MissingSemicolon => {
                "the name of a directive is among the sources: write a ; in front of it (without it a browser reads a host name)"
            }
            Self::BareScheme => {
                "a scheme ends with a colon: write data: or https: (without it a browser reads a host name)"
            }
            Self::UnknownKeyword => {
                "no such keyword: quotes are for 'self', 'none', 'strict-dynamic', 'unsafe-inline' and their like; hosts and \
                 schemes have none; a keyword that is newer than this version of Sallet is sent with {unchecked} in front"
            }
            Self::BadQuotes => "a quote is out of place: a source has either none, or one at each end ('self')",
            Self::FixedNonce => {
                "a nonce written into the policy is the same for every response and protects nothing: use the NONCE source, which in text is \
                 'nonce-{one-for-each-request}'"
            }
            Self::TooManyNonces => {
                "more than eight nonces in one policy: name NONCE only in script-src and style-src directives"
            }
            Self::BadHash => {
                "not a hash: write 'sha256-…' with the base64 of all 32 bytes (44 characters; sha384: 64, sha512: 88)"
            }
            Self::NoneWithOthers => "'none' means nothing at all, so it stands alone: remove it or the other sources",
            Self::KeywordNotAllowed => {
                "this directive does not take this keyword: frame-ancestors takes 'self', 'none', hosts and schemes"
            }
            Self::BadHost => {
                "not a source: write a scheme (https:), a host (cdn.example, *.example, https://cdn.example:8443) or a URL \
                 without query and fragment"
            }
            Self::UnknownSandboxFlag => {
                "no such sandbox flag: they begin with allow-, as allow-scripts or allow-forms; one that is newer than this \
                 version of Sallet is sent with {unchecked} in front"
            }
            Self::BadPolicyName => {
                "not a Trusted Types policy name: letters, digits and -#=_/@.% only, or 'none', *, 'allow-duplicates'"
            }
            Self::BadEndpointName => "report-to takes the name of exactly one endpoint of Reporting-Endpoints",
            Self::SharedNonce => {
                "a shared cache would give one reader's nonce to the next: add private or no-store to cache_control (and to a targeted field as CDN-Cache-Control), or \
                 leave it out"
            }
            Self::PreloadWithoutSubdomains => {
                "preload needs includeSubDomains: the preload list takes whole domains only"
            }
            Self::PreloadTooShort => "preload needs a max-age of at least one year: 31536000 seconds",
            Self::DuplicateFeature => "a Permissions-Policy feature may stand once: put its origins into one allowlist",
            Self::BadValue(sentence) => sentence,
            Self::UnknownHeader => {
                "no such security header: look for a typo (the name is in lower case, such as x-frame-options), or give it as a custom field"
            }
            Self::BadFieldName => "not a header name: lower-case letters, digits and - only, without spaces or a colon",
            Self::BadFieldValue => {
                "not a header value: visible ASCII and inner spaces only; no line breaks, no control characters, not empty"
            }
            Self::NotForAPolicy => {
                "a policy is the same for every response, and this field is not: leave it to the server and to the code that \
                 makes the response"
            }
            Self::NotCustom => {
                "this header has an option of its own, which checks its value: use that instead of a custom field"
            }
            Self::DuplicateHeader => "a header may stand once: remove the second",
            Self::MarkTwice => "{unchecked} is of all that follows it: write it once, in front",
            Self::TooManyFields => "a policy holds at most 128 headers: leave some to the app",
        }
    }
}

crate::dialect::error!(PolicyError);
