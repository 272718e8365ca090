//! Counts the instructions of a keyring match, token by token, and prints them for `run timing` to compare.
//!
//! It runs on any Cortex-M whose SysTick QEMU drives from its instruction counter (`-icount`), so every figure is
//! exact. A line is `group case ticks`; the groups that start with `leaky` come from a comparison as people write it,
//! and must be seen to differ.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use core::hint::black_box;

use base64ct::{Base64, Encoding};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{Peripherals, SYST};
use cortex_m_rt::entry;
use sallet_core::auth::{AuthScheme, Key, Keyring, Realm, RequestFields, Requirement, Scopes};
use sallet_core::secret::Digest;
use semihosting::println;

const KEYS: usize = 16;
const MAX_LEN: usize = 200;
/// For a stored token that is longer than the longest presented one.
const ROOM: usize = MAX_LEN + 1;
const ANYBODY: Requirement = need(AuthScheme::Bearer);
const ANY_KEY: Requirement = need(AuthScheme::ApiKey);
const ANY_USER: Requirement = need(AuthScheme::Basic);
/// The user of every pair.
const USER: &[u8] = b"ada:";
/// For a scheme, a pair in base64, and more.
const LINE_ROOM: usize = 512;

const fn need(scheme: AuthScheme) -> Requirement {
    Requirement::new(scheme, Realm::new("items"), Scopes::EMPTY)
}

/// Around each edge of SHA-256's padding, the length of a minted token, and a few others.
const LENGTHS: [usize; 12] = [1, 2, 20, 53, 55, 56, 63, 64, 65, 119, 120, MAX_LEN];

type Ring<'a> = Keyring<&'a [Key]>;

#[entry]
fn main() -> ! {
    let Some(mut core) = Peripherals::take() else { semihosting::process::exit(1) };
    cortex_m::interrupt::disable();
    core.SYST.set_clock_source(SystClkSource::Core);
    core.SYST.set_reload(0xff_ffff);
    core.SYST.clear_current();
    core.SYST.enable_counter();

    for len in LENGTHS {
        token_of(len);
        pair_of(len);
        stored_of_another_length(len);
    }
    empty_token();
    near_digests();
    semihosting::process::exit(0)
}

/// SysTick ticks that `work` takes; it counts down.
#[inline(always)]
fn ticks<T>(work: impl FnOnce() -> T) -> u32 {
    let start = SYST::get_current();
    black_box(work());
    let end = SYST::get_current();
    start.wrapping_sub(end) & 0xff_ffff
}

#[inline(never)]
fn position(ring: &Ring<'_>, token: &[u8]) -> u32 {
    ticks(|| ring.position(token))
}

#[inline(never)]
fn verify(ring: &Ring<'_>, token: &[u8]) -> u32 {
    ticks(|| ring.verify(token, 1_000).map(|key| key.principal))
}

#[inline(never)]
fn verdict(need: &Requirement, ring: &Ring<'_>, line: &[u8]) -> u32 {
    let fields = [(need.field(), line)];
    ticks(|| need.verdict(ring, &RequestFields::new("GET", &fields), 1_000).map(|key| key.principal))
}

/// Presented tokens of one length against a ring whose tokens have that length too.
fn token_of(len: usize) {
    let mut token = [0; ROOM];
    let keys = core::array::from_fn::<Key, KEYS, _>(|i| {
        Key::new(NAMES[i], Digest::of(stored(&mut token, len, i))).not_after([500, 2_000][i % 2])
    });
    let Ok(ring) = Keyring::try_new(&keys[..]) else { semihosting::process::exit(2) };

    for i in 0..KEYS {
        let found = Option::from(ring.position(stored(&mut token, len, i)));
        assert_eq!(found, Some(i as u32), "the test itself");
        line(len, "position", NAMES[i], position(&ring, black_box(&token[..len])));
        let group = if i % 2 == 0 { "expired" } else { "admitted" };
        line(len, group, NAMES[i], verify(&ring, black_box(&token[..len])));
        line(
            len,
            ["verdict-expired", "verdict-admitted"][i % 2],
            NAMES[i],
            verdict(&ANYBODY, &ring, presented(b"Bearer ", &token[..len], &mut [0; LINE_ROOM])),
        );
        let group = ["api-key-expired", "api-key-admitted"][i % 2];
        line(len, group, NAMES[i], verdict(&ANY_KEY, &ring, black_box(&token[..len])));
    }
    let wrong: [(&str, &dyn Fn(&mut [u8])); 6] = [
        ("wrong-first", &|token| token[0] ^= 1),
        ("wrong-last", &|token| token[len - 1] ^= 1),
        ("wrong-middle", &|token| token[len / 2] ^= 1),
        ("all-A", &|token| token.fill(b'A')),
        ("all-z", &|token| token.fill(b'z')),
        ("all-9", &|token| token.fill(b'9')),
    ];
    for (name, spoil) in wrong {
        stored(&mut token, len, 3);
        spoil(&mut token[..len]);
        // Of so short tokens there are not many, and one may be in the ring.
        if bool::from(ring.position(&token[..len]).is_some()) {
            continue;
        }
        refused(&ring, len, name, &token[..len]);
    }
}

fn refused(ring: &Ring<'_>, len: usize, name: &str, token: &[u8]) {
    line(len, "position", name, position(ring, black_box(token)));
    line(len, "refused", name, verify(ring, black_box(token)));
    line(len, "verdict-refused", name, verdict(&ANYBODY, ring, presented(b"Bearer ", token, &mut [0; LINE_ROOM])));
    line(len, "api-key-refused", name, verdict(&ANY_KEY, ring, black_box(token)));
}

/// Pairs of Basic whose password is a token of this length.
fn pair_of(len: usize) {
    let (mut token, mut pair) = ([0; ROOM], [0; ROOM + USER.len()]);
    let keys = core::array::from_fn::<Key, KEYS, _>(|i| {
        let pair = joined(&mut pair, stored(&mut token, len, i));
        Key::new(NAMES[i], Digest::of(pair)).not_after([500, 2_000][i % 2])
    });
    let Ok(ring) = Keyring::try_new(&keys[..]) else { semihosting::process::exit(6) };
    let mut count = |group, name, token: &[u8]| {
        let (mut text, mut room) = ([0; LINE_ROOM], [0; LINE_ROOM]);
        let Ok(text) = Base64::encode(joined(&mut pair, token), &mut text) else { semihosting::process::exit(7) };
        line(len, group, name, verdict(&ANY_USER, &ring, presented(b"Basic ", text.as_bytes(), &mut room)));
    };
    for i in 0..KEYS {
        count(["basic-expired", "basic-admitted"][i % 2], NAMES[i], stored(&mut token, len, i));
    }
    for (name, at, byte) in [("wrong-first", 0, b'z'), ("wrong-middle", len / 2, b'z'), ("wrong-last", len - 1, b'z')] {
        stored(&mut token, len, 3);
        token[at] = byte;
        count("basic-refused", name, &token[..len]);
    }
}

fn joined<'b>(pair: &'b mut [u8; ROOM + USER.len()], password: &[u8]) -> &'b [u8] {
    let pair = &mut pair[..USER.len() + password.len()];
    pair[..USER.len()].copy_from_slice(USER);
    pair[USER.len()..].copy_from_slice(password);
    pair
}

/// The presented token goes on where a stored one ends, or ends where all of them go on.
fn stored_of_another_length(len: usize) {
    for (name, len_stored) in [("goes-on", len - 1), ("cut-short", len + 1)] {
        if len_stored == 0 {
            continue;
        }
        let mut token = [0; ROOM];
        let keys =
            core::array::from_fn::<Key, KEYS, _>(|i| Key::new(NAMES[i], Digest::of(stored(&mut token, len_stored, i))));
        let Ok(ring) = Keyring::try_new(&keys[..]) else { semihosting::process::exit(5) };
        token.fill(b'k');
        assert!(!bool::from(ring.position(&token[..len]).is_some()), "the test itself");
        refused(&ring, len, name, &token[..len]);
    }
}

/// An empty token against rings of different content: nothing to match, and nothing to see.
fn empty_token() {
    for seed in 0..4_u8 {
        let keys = core::array::from_fn::<Key, KEYS, _>(|i| {
            Key::new(NAMES[i], Digest::from_bytes([seed ^ (16 * i as u8 + 1); 32]))
        });
        let Ok(ring) = Keyring::try_new(&keys[..]) else { semihosting::process::exit(3) };
        let name = NAMES[usize::from(seed)];
        line(0, "position", name, position(&ring, black_box(b"")));
        line(0, "refused", name, verify(&ring, black_box(b"")));
    }
}

/// Stored digests that differ from the presented one in a single byte, at every place in the digest and in the ring:
/// what an attacker who could choose digests would learn byte by byte.
fn near_digests() {
    let token = b"slt_near";
    let digest = Digest::of(token).to_bytes();
    for byte in 0..=32 {
        for place in [0, 7, KEYS - 1] {
            let mut near = digest;
            if let Some(byte) = near.get_mut(byte) {
                *byte ^= 1;
            }
            let mut digests = core::array::from_fn::<_, KEYS, _>(|i| [i as u8; 32]);
            digests[place] = near;
            let keys = core::array::from_fn::<Key, KEYS, _>(|i| Key::new(NAMES[i], Digest::from_bytes(digests[i])));
            let Ok(ring) = Keyring::try_new(&keys[..]) else { semihosting::process::exit(4) };
            let ticks = position(&ring, black_box(token));
            println!("near-digest byte-{byte}-place-{place} {ticks}");
            if place == 7 {
                println!("leaky-bytes byte-{byte} {}", leaky_bytes(black_box(&digest), black_box(&near)));
            }
            if byte == 32 {
                println!("leaky-ring place-{place} {}", leaky_ring(black_box(&digests), black_box(&digest)));
            }
        }
    }
}

/// `strcmp`, in Rust: the control.
#[inline(never)]
fn leaky_bytes(a: &[u8; 32], b: &[u8; 32]) -> u32 {
    ticks(|| a.iter().zip(b).all(|(a, b)| a == b))
}

/// The loop that stops at the key it was looking for: the control.
#[inline(never)]
fn leaky_ring(ring: &[[u8; 32]; KEYS], digest: &[u8; 32]) -> u32 {
    ticks(|| ring.iter().position(|stored| stored.iter().zip(digest).fold(0, |all, (a, b)| all | (a ^ b)) == 0))
}

fn line(len: usize, group: &str, case: &str, ticks: u32) {
    println!("{group}-{len} {case} {ticks}");
}

/// The token of key `i`: what makes it that key's stands in its last byte.
fn stored(token: &mut [u8; ROOM], len: usize, i: usize) -> &[u8] {
    let token = &mut token[..len];
    token.fill(b'k');
    token[len - 1] = b'a' + i as u8;
    token
}

fn presented<'b>(scheme: &[u8], token: &[u8], buf: &'b mut [u8; LINE_ROOM]) -> &'b [u8] {
    buf[..scheme.len()].copy_from_slice(scheme);
    buf[scheme.len()..][..token.len()].copy_from_slice(token);
    black_box(&buf[..scheme.len() + token.len()])
}

const NAMES: [&str; KEYS] = [
    "key-00", "key-01", "key-02", "key-03", "key-04", "key-05", "key-06", "key-07", "key-08", "key-09", "key-10",
    "key-11", "key-12", "key-13", "key-14", "key-15",
];

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    println!("{info}");
    semihosting::process::exit(101)
}
