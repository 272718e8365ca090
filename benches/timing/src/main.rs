//! `make timing`: measures whether the time of a check tells a secret, beside a naive check, and prints t values.
//!
//! It reports and does not judge: noise can hide a leak, and now and then looks like one. What is judged, in `make test`, is
//! `core/tests/constant_time`.

mod naive;
mod race;
mod random;
mod welch;

use std::hint::black_box;

use race::Race;
use random::Random;
use sallet_core::auth::{Key, Keyring};
use sallet_core::secret::{Digest, Token};
use subtle::ConstantTimeEq;

type Presented = [u8; 53];

const EXPLANATION: &str = "
A row calls Sallet and the naive code on the same inputs, which fall into two classes by chance, and t is the difference of
the classes' mean times in units of what chance alone would make of it. The worst is shown of 101 cuts, made to be rid of
interrupts; so up to 4.5 either way nothing was seen, beyond it the row is suspicious (run it again: a leak stays and has its
sign), and beyond 10 it leaks. The first row has no difference to find, and shows what this machine makes of that.

t grows with the root of the number of calls and says nothing about nanoseconds. That nothing was seen does not prove
that nothing is there: on another processor, or with ten times as many calls, it may be. `make constant-time` has the proof
that no branch and no address depends on a secret; this looks for what such a proof cannot see, the instructions themselves.";

fn main() {
    let quick = std::env::var("QUICK").is_ok_and(|value| value == "1");
    let mut random = Random::new();
    let tokens: Vec<Presented> = (0..4096).map(|_| mint(&mut random)).collect();
    let stored: Vec<[u8; 32]> = tokens.iter().map(|token| Digest::of(token).to_bytes()).collect();
    let (ring, large) = (ring(&stored[..16]), ring(&stored));
    let few = &tokens[..16];

    let first_bad = wrong_at(tokens[15], 0);
    let last_bad = wrong_at(tokens[15], 52);
    let verify = |token: &Presented| ring.verify(black_box(token), 0).is_ok();
    let naive_verify = |token: &Presented| naive::position(few, black_box(token)).is_some();
    let hashed = |token: &Presented| Digest::of(black_box(token)).to_bytes();

    // A row takes about ten seconds, or one.
    let calls = if quick { 1_000_000 } else { 10_000_000 };
    println!("==> can a clock tell? {calls} calls of each a row, SHA-256 by {}", backend());
    println!("    {:<56} {:>9}  {:13} {:>9}  naive", "what differs between the two classes", "t", "Sallet", "t");
    let mut race = Race::new(calls, random);

    race.run("verify: no difference at all", |_, _| last_bad, verify, naive_verify);
    race.run("verify: token wrong in its first byte / its last", |c, _| [first_bad, last_bad][c], verify, naive_verify);
    race.run(
        "verify: one token, wrong in its last byte / random ones",
        |class, random| if class == 0 { last_bad } else { mint(random) },
        verify,
        naive_verify,
    );
    race.run("verify: match at the first key of 16 / the last", |c, _| tokens[[0, 15][c]], verify, naive_verify);
    race.run(
        "position: match in a ring of 16 / no match",
        |class, _| [tokens[7], last_bad][class],
        |token| ring.position(black_box(token)),
        |token| naive::position(few, black_box(token)),
    );

    let digest = stored[15];
    let other_digests = |others: [[u8; 32]; 2]| move |class: usize, _: &mut Random| others[class];
    let ct_eq = |other: &[u8; 32]| black_box(Digest::from_bytes(digest)).ct_eq(&Digest::from_bytes(*other));
    let naive_eq = |other: &[u8; 32]| naive::same(&digest, other);
    race.run(
        "digests: differ in the first byte / the last",
        other_digests([wrong_at(digest, 0), wrong_at(digest, 31)]),
        ct_eq,
        naive_eq,
    );
    race.run(
        "digests: equal / random",
        |class, random| if class == 0 { digest } else { random.bytes() },
        ct_eq,
        naive_eq,
    );

    // Each takes forty times as long.
    let mut race = race.with_calls_over(10);
    race.run(
        "position: match at the first key of 4096 / the last",
        |class, _| tokens[[0, 4095][class]],
        |token| large.position(black_box(token)),
        |token| naive::position(&stored, &hashed(token)),
    );
    println!("{EXPLANATION}");
}

fn mint(random: &mut Random) -> Presented {
    let token = Token::mint(Token::DEFAULT_PREFIX, random.bytes()).expect("the prefix is good");
    token.as_str().as_bytes().try_into().expect("a token with this prefix has 53 bytes")
}

fn ring(digests: &[[u8; 32]]) -> Keyring<Vec<Key<String>>> {
    let keys = digests.iter().enumerate().map(|(i, digest)| Key {
        id: format!("key-{i}"),
        principal: "somebody".into(),
        scopes: String::new(),
        not_before: None,
        not_after: None,
        digest: Digest::from_bytes(*digest),
    });
    Keyring::try_new(keys.collect()).expect("the keys are all different")
}

fn wrong_at<const N: usize>(mut bytes: [u8; N], at: usize) -> [u8; N] {
    bytes[at] ^= 1;
    bytes
}

/// Which code of `sha2` runs here.
fn backend() -> &'static str {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    let instructions = is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1");
    #[cfg(target_arch = "aarch64")]
    let instructions = std::arch::is_aarch64_feature_detected!("sha2");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    let instructions = false;
    if instructions && !cfg!(sha2_backend = "soft") { "the processor's instructions" } else { "software" }
}
