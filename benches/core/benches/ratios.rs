//! The tables that decide the budgets: each operation beside its floor, by turns, in one run.
//!
//! `cargo bench --bench ratios -- [PART ...] [--json FILE] [--strict]`; the parts stand in `PARTS`. How the turns are taken, and what the figures are, is told in
//! `src/turns.rs`.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;

use sallet_core::auth::{Challenge, Credentials, KeyChange, KeyTable, Refusal, RequestFields, Requirement, Scopes};
use sallet_core::paths::RequestPath;
use sallet_core::secret::Digest;
use sallet_core::{Cursor, Nonce, RequestHead, SecurityHeaders};
use sallet_core_bench::outcome::{Options, Table};
use sallet_core_bench::turns::{Entry, Plan, measure};
use sallet_core_bench::{many, policies, requests};
use sha2::{Digest as _, Sha256};

/// Begins where a line of the cache does: else chance decides how many of them a copy touches.
#[repr(align(64))]
struct Buffer([u8; 2048]);

impl Buffer {
    const EMPTY: Self = Self([0; 2048]);
}

/// What every small server does with text: a checked copy into its buffer. Its length is not known to the compiler, as
/// that of no policy is which is chosen at run time.
fn copy(text: &'static [u8]) -> impl FnMut() -> u8 {
    let mut buf = Buffer::EMPTY;
    move || {
        let text = black_box(text);
        let out = &mut buf.0[..text.len()];
        out.copy_from_slice(text);
        black_box(out)[0]
    }
}

/// The floor of a copy: from and to the beginning of a line.
fn floor(text: &[u8]) -> impl FnMut() -> u8 + use<> {
    let buf: &'static mut Buffer = Box::leak(Box::new(Buffer::EMPTY));
    buf.0[..text.len()].copy_from_slice(text);
    copy(&buf.0[..text.len()])
}

fn block() -> Table {
    let strict = policies::PRESETS[0].text.as_bytes();
    let (mut buf, nowhere) = (Buffer::EMPTY, Nonce::new(policies::ENTROPY));
    let template = move || {
        let template = black_box(&policies::STRICT_TEMPLATE);
        template.write(&nowhere, black_box(&mut buf.0)).expect("room").len()
    };
    let mut buf = Buffer::EMPTY;
    let rendered = move || black_box(&SecurityHeaders::STRICT).write_block(black_box(&mut buf.0)).expect("room").len();
    let entries = vec![
        Entry::new("copy of the same bytes", floor(strict)),
        Entry::new("STRICT, its const text", copy(strict)),
        Entry::new("STRICT, a const template", template),
        Entry::new("STRICT, rendered anew", rendered),
    ];
    let measured = measure(entries, Plan::chosen());
    // The const text is copied by the very code of the floor: it shows the noise, and a budget on it could not fail.
    let budgets = [("STRICT, a const template", 1.0)];
    Table::over_floor("block", "A static policy into a buffer", &measured, &budgets)
}

fn nonce() -> Table {
    let template = &policies::PAGE_TEMPLATE;
    // A block of the same length and kind.
    let bytes = template.write(&Nonce::new([0; 16]), &mut [0; 2048]).expect("room").to_vec();
    let mut buf = Buffer::EMPTY;
    let fresh = move || {
        let nonce = Nonce::new(black_box(policies::ENTROPY));
        black_box(template).write(&nonce, black_box(&mut buf.0)).expect("room").len()
    };
    let mut buf = Buffer::EMPTY;
    let made = Nonce::new(policies::ENTROPY);
    let fill = move || black_box(template).write(black_box(&made), black_box(&mut buf.0)).expect("room").len();
    let entries = vec![
        Entry::new("copy of the same bytes", floor(&bytes)),
        Entry::new("template and a fresh nonce", fresh),
        Entry::new("template and a nonce that is there", fill),
        Entry::new("the nonce alone, from 16 bytes", || Nonce::new(black_box(policies::ENTROPY))),
    ];
    let measured = measure(entries, Plan::chosen());
    let budgets = [("template and a fresh nonce", 2.0), ("template and a nonce that is there", 2.0)];
    Table::over_floor("nonce", "A block with a nonce in two places, entropy not counted", &measured, &budgets)
}

fn bearer() -> Table {
    let token = requests::TOKEN.as_bytes();
    let mut entries = vec![
        Entry::new("SHA-256 of the token", move || Sha256::digest(black_box(token))),
        Entry::new("the digest of the core", move || Digest::of(black_box(token))),
    ];
    for count in [1, 16, 256, 4096] {
        let ring = requests::ring(count);
        entries.push(Entry::new(format!("verify, {count} keys"), move || {
            ring.verify(black_box(token), requests::NOW).is_ok()
        }));
    }
    let (ring, line) = (requests::ring(16), requests::bearer());
    // The budget speaks of the ring; what the sender's text costs on the way to it stands beside.
    entries.push(Entry::new("from the field line, 16 keys", move || {
        requests::ANYBODY
            .verdict(&ring, &RequestFields::new("GET", &[("authorization", black_box(&line[..]))]), requests::NOW)
            .is_ok()
    }));
    let measured = measure(entries, Plan::chosen());
    let budgets = [("verify, 16 keys", 1.2)];
    Table::over_floor("bearer", "A bearer check", &measured, &budgets)
}

/// Among very many keys: tokens of a thousand of them by turns, as the customers that are active just now, and of all. In tables of
/// their own, since the second empties the caches for the first.
fn many_keys() -> Vec<Table> {
    let floor = || {
        let scanned = requests::ring(16);
        let mut next = many::numbers(16);
        // Unknown tokens, which are compared as often as known ones.
        Entry::new("16 keys, scanned", move || scanned.verify(black_box(&many::token(next())), requests::NOW).is_ok())
    };
    let small: &'static KeyTable = Box::leak(Box::new(many::table(1_000)));
    let large: &'static KeyTable = Box::leak(Box::new(many::table(1_000_000)));
    let indexed: &'static _ = Box::leak(Box::new(many::indexed(10_000)));
    let changed = (0..2_000).map(|n| format!("key-{:08}", 500_000 + n)).collect::<Vec<_>>();
    let changed = large.with_changes(changed.iter().map(|id| KeyChange::Remove(id))).0;
    let changed: &'static KeyTable = Box::leak(Box::new(changed));
    let entry = |name: &str, table: &'static KeyTable, active| {
        let mut next = many::numbers(active);
        Entry::new(name, move || table.verify(black_box(&many::token(next())), requests::NOW).is_ok())
    };
    let hot = [
        floor(),
        entry("1,000 keys", small, 1_000),
        entry("1,000,000 keys", large, 1_000),
        entry("1,000,000 keys, 2,000 of them changed", changed, 1_000),
    ];
    let mut next = many::numbers(10_000);
    let no_heap = Entry::new("10,000 keys, IndexedKeyring", move || {
        indexed.verify(black_box(&many::token(next())), requests::NOW).is_ok()
    });
    let cold = [floor(), no_heap, entry("1,000,000 keys", large, 1_000_000)];
    let budgets = [("1,000 keys", 1.25), ("1,000,000 keys", 1.25)];
    let hot = measure(hot.into(), Plan::chosen());
    let cold = measure(cold.into(), Plan::chosen());
    vec![
        Table::over_floor("keys", "A token of one of 1,000 active keys", &hot, &budgets),
        Table::over_floor("keys cold", "A token of any key", &cold, &[("1,000,000 keys", 4.5)]),
    ]
}

fn credentials() -> Vec<Table> {
    let table = |name, title, wanted: &str| {
        let (_, value) = requests::credentials().into_iter().find(|(name, _)| *name == wanted).expect("such a value");
        let same = value.clone();
        let entries = vec![
            Entry::new("str::from_utf8 of the same bytes", move || std::str::from_utf8(black_box(&same)).is_ok()),
            Entry::new("Credentials::parse", move || Credentials::parse(black_box(&value)).is_ok()),
        ];
        Table::over_floor(name, title, &measure(entries, Plan::chosen()), &[])
    };
    vec![
        table("credentials short", "Credentials: a short token", "short"),
        table("credentials", "Credentials: a minted token", "typical"),
        table("credentials 8 KiB", "Credentials: as long as they may be", "8 KiB"),
        table("credentials malformed", "Credentials: two tokens, which is refused", "malformed"),
    ]
}

fn challenge() -> Table {
    const NEED: Requirement = requests::ANYBODY.with_scopes(Scopes::new("items:read items:write"));
    const CHALLENGE: Challenge<'static> = NEED.challenge(Refusal::InsufficientScope).unwrap();
    let text = CHALLENGE.to_string();
    let mut buf = Buffer::EMPTY;
    let rendered = move || {
        let mut out = Cursor::new(black_box(&mut buf.0));
        black_box(&CHALLENGE).render(&mut out);
        out.finish().expect("room").len()
    };
    let entries = vec![Entry::new("copy of the same bytes", floor(text.as_bytes())), Entry::new("rendered", rendered)];
    Table::over_floor("challenge", "A challenge with realm, error and scope", &measure(entries, Plan::chosen()), &[])
}

fn paths() -> Table {
    let mut entries = vec![Entry::new("== with each of 8 paths", || {
        let path = black_box(requests::PATHS[2].1);
        black_box(&requests::RULES).public_rules().iter().any(|rule| rule.path() == path)
    })];
    for (name, path, public) in requests::PATHS {
        let ask = move || {
            let path = black_box(path);
            black_box(&requests::RULES).access("GET", &RequestPath::raw(path.as_bytes()), false).is_open()
        };
        assert_eq!(ask(), public, "{path}");
        entries.push(Entry::new(name, ask));
    }
    Table::over_floor("paths", "Is the path public? Of 8 rules", &measure(entries, Plan::chosen()), &[])
}

fn heads() -> Vec<Table> {
    let titles = ["The head of a request: 4 fields", "The head of a request: 14 fields"];
    let tables = requests::HEADS.iter().zip(titles).map(|((name, bytes), title)| {
        let bare = || {
            let mut fields = [httparse::EMPTY_HEADER; 32];
            httparse::Request::new(&mut fields).parse(black_box(bytes)).is_ok()
        };
        let ours = || RequestHead::<32>::parse(black_box(bytes)).is_ok_and(|head| head.is_some());
        assert!(bare() && ours());
        let entries = vec![Entry::new("httparse alone", bare), Entry::new("RequestHead::parse", ours)];
        Table::over_floor(name, title, &measure(entries, Plan::chosen()), &[])
    });
    tables.collect()
}

type Part = fn() -> Vec<Table>;

const PARTS: [(&str, Part); 8] = [
    ("block", || vec![block()]),
    ("nonce", || vec![nonce()]),
    ("bearer", || vec![bearer()]),
    ("keys", many_keys),
    ("credentials", credentials),
    ("challenge", || vec![challenge()]),
    ("paths", || vec![paths()]),
    ("heads", heads),
];

fn run() -> Result<(), String> {
    let options = Options::read(std::env::args().skip(1), &PARTS.map(|(name, _)| name))?;
    let mut out = std::io::stdout();
    let mut tables = Vec::new();
    for (part, tables_of) in PARTS.iter().filter(|(name, _)| options.wants(name)) {
        for table in tables_of() {
            table.print(&mut out).map_err(|error| error.to_string())?;
            tables.push(table);
        }
        if *part == "keys" {
            many::print_costs(1_000_000);
        }
    }
    options.finish("core", "make bench-core", &tables, &[])
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
