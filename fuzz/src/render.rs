//! Policies into outputs of every kind and size: each shows the same text, and the size asked for is exact.

use arbitrary::{Arbitrary, Unstructured};
use embedded_io::{ErrorType, Write};
use sallet_core::{
    ContentSecurityPolicy, Cursor, CustomField, Directive, DirectiveName, Nonce, RenderError, Scheme, SecurityHeaders,
    Source, StrictTransportSecurity, WriteError,
};

use crate::{buffers, wire};

/// The fields in which a nonce has a place, and what stands there. A field of one's own may hold the same text.
const POLICIES: [&str; 2] = ["content-security-policy", "content-security-policy-report-only"];
const PLACE: &str = "{one-for-each-request}";

/// A policy and the sizes to try it with.
pub fn render(data: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(data)) else { return };
    cursor(&input.pieces, input.size, input.number);

    let enforced: Vec<Vec<_>> = input.enforced.iter().map(Choice::sources).collect();
    let enforced = directives(&input.enforced, &enforced);
    let reported: Vec<Vec<_>> = input.reported.iter().map(Choice::sources).collect();
    let reported = directives(&input.reported, &reported);
    let customs: Vec<_> =
        input.customs.iter().filter_map(|(name, value)| CustomField::parse(name, value).ok()).collect();

    let mut policy = match input.preset % 4 {
        0 => SecurityHeaders::EMPTY,
        1 => SecurityHeaders::STRICT,
        2 => SecurityHeaders::API,
        _ => SecurityHeaders::CLASSIC,
    };
    if let Ok(csp) = ContentSecurityPolicy::try_new(&enforced) {
        policy = policy.content_security_policy(Some(csp));
    }
    if let Ok(csp) = ContentSecurityPolicy::try_new(&reported) {
        policy = policy.content_security_policy_report_only(Some(csp));
    }
    if input.number % 2 == 1 {
        policy = policy.strict_transport_security(Some(StrictTransportSecurity::new(input.number)));
    }
    policy = policy.try_custom(&customs).unwrap_or(policy);
    let policy = if input.over_http { policy.over(Scheme::Http) } else { policy };

    let nonce = nonce(input.entropy);
    let block = template(&policy, &nonce, input.size);
    fields(&policy, &nonce, &block, input.size);
    assert_eq!(policy.write_block(&mut [0; 8]) == Err(RenderError::NonceNeeded), policy.needs_nonce());
    if !policy.needs_nonce() {
        without_nonce(&policy, &block, input.size);
    }
}

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    preset: u8,
    over_http: bool,
    size: usize,
    number: u64,
    entropy: [u8; 16],
    enforced: Vec<Choice>,
    reported: Vec<Choice>,
    customs: Vec<(&'a str, &'a str)>,
    pieces: Vec<&'a [u8]>,
}

/// A directive and its sources, by number: what they may hold is for another target.
#[derive(Debug, Arbitrary)]
struct Choice {
    directive: u8,
    sources: Vec<u8>,
}

impl Choice {
    const DIRECTIVES: [DirectiveName; 12] = [
        DirectiveName::DefaultSrc,
        DirectiveName::ScriptSrc,
        DirectiveName::ScriptSrcElem,
        DirectiveName::ScriptSrcAttr,
        DirectiveName::StyleSrc,
        DirectiveName::StyleSrcElem,
        DirectiveName::StyleSrcAttr,
        DirectiveName::ImgSrc,
        DirectiveName::FrameAncestors,
        DirectiveName::Sandbox,
        DirectiveName::ReportUri,
        DirectiveName::UpgradeInsecureRequests,
    ];
    const SOURCES: [&str; 10] = [
        "'self'",
        "'nonce-{one-for-each-request}'",
        "'nonce-{one-for-each-request}'",
        "https://a-host-with-a-name-that-is-rather-long.of-a-site.example:8443/and/a/path/",
        "'strict-dynamic'",
        "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='",
        "*",
        "data:",
        "allow-scripts",
        "'none'",
    ];

    fn sources(&self) -> Vec<Source<'static>> {
        self.sources
            .iter()
            .map(|number| Source::new(Self::SOURCES[usize::from(*number) % Self::SOURCES.len()]))
            .collect()
    }
}

fn directives<'a>(choices: &[Choice], sources: &'a [Vec<Source<'static>>]) -> Vec<Directive<'a>> {
    let name = |choice: &Choice| Choice::DIRECTIVES[usize::from(choice.directive) % Choice::DIRECTIVES.len()];
    choices.iter().zip(sources).filter_map(|(choice, sources)| Directive::try_new(name(choice), sources).ok()).collect()
}

/// Base64 for URLs without padding (RFC 4648 section 5): six bits for each character, the first bits first.
fn nonce(entropy: [u8; 16]) -> Nonce {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: String = entropy.iter().map(|byte| format!("{byte:08b}")).collect::<String>() + "0000";
    let digit = |six| char::from(ALPHABET[usize::from_str_radix(six, 2).unwrap()]);
    let expected: String = (0..22).map(|at| digit(&bits[6 * at..6 * at + 6])).collect();
    let nonce = Nonce::new(entropy);
    assert_eq!(nonce.as_str(), expected);
    assert_eq!(nonce.to_string(), expected);
    nonce
}

/// The block by way of a template, which takes every policy; gives it with the nonce in its places.
fn template(policy: &SecurityHeaders<'_>, nonce: &Nonce, size: usize) -> Vec<u8> {
    let needed = policy.block_len();
    let mut text = vec![0; needed];
    let template = policy.template(&mut text).expect("the size that was asked for");
    assert_eq!((template.len(), template.is_empty()), (needed, needed == 0));
    let filled =
        buffers::exact(size, |buf| template.write(nonce, buf).map(<[u8]>::to_vec).map_err(|error| error.needed));
    assert_eq!(filled.len(), needed);
    let mut sent = Slow::new(size, usize::MAX);
    template.send(nonce, &mut sent).expect("it takes everything");
    assert_eq!(sent.taken, filled);

    let raw = buffers::exact(size, |buf| match policy.template(buf) {
        Ok(_) => Ok(buf[..needed].to_vec()),
        Err(error) => Err(error.needed),
    });
    let raw = String::from_utf8(raw).unwrap();
    let line = |line: &str| match line.split_once(": ") {
        Some((name, value)) if POLICIES.contains(&name) => format!("{name}: {}", value.replace(PLACE, nonce.as_str())),
        _ => line.to_owned(),
    };
    let expected: String = raw.split_inclusive("\r\n").map(line).collect();
    assert_eq!(std::str::from_utf8(&filled), Ok(&*expected));
    assert_eq!(expected != raw, policy.needs_nonce());
    filled
}

/// The fields are the lines of the block.
fn fields(policy: &SecurityHeaders<'_>, nonce: &Nonce, block: &[u8], size: usize) {
    let mut fields = Vec::new();
    for field in policy.fields() {
        let raw = buffers::exact(size, |buf| match field.write_value(buf) {
            Ok((text, _)) => Ok(text.as_bytes().to_vec()),
            Err(error) => Err(error.needed),
        });
        assert_eq!(raw.len(), field.value_len());
        assert_eq!(raw, field.to_string().into_bytes());
        let mut value = raw.clone();
        let (_, slots) = field.write_value(&mut value).expect("the size that was asked for");
        slots.fill(nonce, &mut value);
        let places: Vec<_> = slots.positions().collect();
        let text = String::from_utf8(raw).unwrap();
        let marks = text.match_indices(PLACE).map(|(at, _)| at).filter(|_| POLICIES.contains(&field.name()));
        assert_eq!((places, slots.is_empty()), (marks.clone().collect(), marks.count() == 0));
        fields.push((field.name().to_owned(), String::from_utf8(value).unwrap()));
    }
    assert_eq!(wire::fields(block), fields);
}

/// Every other way out.
fn without_nonce(policy: &SecurityHeaders<'_>, block: &[u8], size: usize) {
    let needed = block.len();
    let written = buffers::exact(size, |buf| match policy.write_block(buf) {
        Ok(text) => Ok(text.to_vec()),
        Err(RenderError::BufferTooSmall { needed }) => Err(needed),
        Err(RenderError::NonceNeeded) => panic!("there is no nonce"),
    });
    assert_eq!(written, block);
    assert_eq!(policy.to_string().as_bytes(), block);
    owned::<0>(policy, block);
    owned::<64>(policy, block);
    owned::<1024>(policy, block);
    owned::<4096>(policy, block);

    let mut sent = Slow::new(size, usize::MAX);
    policy.send_block(&mut sent).expect("it takes everything");
    assert_eq!(sent.taken, block);
    if needed > 0 {
        let mut broken = Slow::new(size, size % needed);
        assert_eq!(policy.send_block(&mut broken), Err(WriteError::Writer(Broken)));
        assert_eq!(broken.taken, block[..size % needed], "what went out is the beginning");
    }
}

fn owned<const N: usize>(policy: &SecurityHeaders<'_>, block: &[u8]) {
    let expected = if block.len() <= N { Ok(block) } else { Err(RenderError::BufferTooSmall { needed: block.len() }) };
    assert_eq!(policy.to_vec::<N>().as_deref().map_err(|error| *error), expected);
}

/// Any pieces, through a window that moves on.
fn cursor(pieces: &[&[u8]], size: usize, number: u64) {
    let put = |out: &mut Cursor<'_>| {
        for piece in pieces {
            out.put(piece);
        }
        out.put_decimal(number);
    };
    let whole = [&pieces.concat(), number.to_string().as_bytes()].concat();
    let text = buffers::exact(size, |buf| {
        let mut out = Cursor::new(buf);
        put(&mut out);
        out.finish().map(<[u8]>::to_vec).map_err(|error| error.needed)
    });
    assert_eq!(text, whole);

    let width = 1 + size % 64;
    let mut joined = Vec::new();
    while joined.len() < whole.len() {
        let mut window = vec![0; width];
        let mut out = Cursor::window(&mut window, joined.len());
        put(&mut out);
        assert_eq!(out.written(), whole.len());
        let left = whole.len() - joined.len();
        joined.extend_from_slice(&window[..width.min(left)]);
    }
    assert_eq!(joined, whole);
}

/// A writer that takes a few bytes at a time, and breaks when it has enough.
#[derive(Debug)]
struct Slow {
    step: usize,
    room: usize,
    taken: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
struct Broken;

impl Slow {
    fn new(size: usize, room: usize) -> Self {
        Self { step: 1 + size % 300, room, taken: Vec::new() }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the line is cut")
    }
}

impl std::error::Error for Broken {}

impl embedded_io::Error for Broken {
    fn kind(&self) -> embedded_io::ErrorKind {
        embedded_io::ErrorKind::Other
    }
}

impl ErrorType for Slow {
    type Error = Broken;
}

impl Write for Slow {
    fn write(&mut self, buf: &[u8]) -> Result<usize, Broken> {
        let count = buf.len().min(self.step).min(self.room - self.taken.len());
        if count == 0 && !buf.is_empty() {
            return Err(Broken);
        }
        self.taken.extend_from_slice(&buf[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), Broken> {
        Ok(())
    }
}
