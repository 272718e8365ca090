//! Requests near the rules: a path that the app or a rule knows, with a few pieces changed.

use axum::body::Body;
use http::{Request, Uri};

use super::drive::World;
use super::guards::TOKEN;
use super::oracle::encoded;

const CORNERS: &[&str] = &[
    "/",
    "/",
    "/",
    "//",
    "/.",
    "/./",
    "/..",
    "/../",
    "/..;/",
    "%2f",
    "%2F",
    "%252f",
    "%2e",
    "%2E%2E",
    "..",
    ".",
    ";x",
    ";",
    "%3B",
    "\\",
    "%5C",
    "%00",
    "%0a",
    "%0D",
    "%09",
    "%7F",
    "%C3%A9",
    "%c3%a9",
    "%C3%a9",
    "é",
    "%C3%89",
    "e%CC%81",
    "%ff",
    "%E2%84%AA",
    "%EF%BC%8F",
    "%C2%85",
    "%",
    "%25",
    "%2",
    "%zz",
    "%3F",
    "%23",
    "%20",
    "+",
    "*",
    "|",
    "%7C",
    "%7Bid%7D",
    ":",
    "@",
    "%61",
    "%68",
    "x",
    "health",
    "docs",
    "static",
    "me",
    "?a=1",
    "?x=/../%2f",
    "??",
    "%2B",
    "%2b",
];
const METHODS: &[&str] =
    &["GET", "GET", "GET", "GET", "POST", "OPTIONS", "HEAD", "DELETE", "PUT", "get", "OPTION", "CONNECT"];

/// SplitMix64 (Steele, Lea, Flood 2014): a seed says all, on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) const fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        #[expect(clippy::cast_possible_truncation, reason = "what is left is smaller than `end`")]
        let small = ((z ^ (z >> 31)) % end as u64) as usize;
        small
    }

    pub(crate) const fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) pieces: Vec<String>,
    pub(crate) method: &'static str,
    /// With a host in front, as for a proxy or in HTTP/2.
    pub(crate) absolute: bool,
    pub(crate) websocket: bool,
    pub(crate) preflight: bool,
}

impl Ask {
    const fn plain(pieces: Vec<String>) -> Self {
        Self { pieces, method: "GET", absolute: false, websocket: false, preflight: false }
    }

    pub(crate) fn uri(&self) -> Option<Uri> {
        let path = self.pieces.concat();
        // Otherwise it would be a part of the host.
        let absolute = self.absolute && path.starts_with('/');
        if absolute { format!("http://a.example{path}") } else { path }.parse().ok()
    }

    /// Unless a server would not take it.
    pub(crate) fn request(&self, credential: bool) -> Option<Request<Body>> {
        let mut request = Request::builder().method(self.method).uri(self.uri()?);
        if self.websocket {
            request = request.header("connection", "Upgrade").header("upgrade", "websocket");
        }
        if self.preflight {
            request = request.header("origin", "https://page.example").header("access-control-request-method", "GET");
        }
        if credential {
            request = request.header("authorization", format!("Bearer {TOKEN}"));
        }
        request.body(Body::empty()).ok()
    }

    /// What to try when this one shows a fault.
    pub(crate) fn simpler(&self) -> Vec<Self> {
        let mut all = vec![
            Self { method: "GET", ..self.clone() },
            Self { absolute: false, ..self.clone() },
            Self { websocket: false, ..self.clone() },
            Self { preflight: false, ..self.clone() },
        ];
        for place in 0..self.pieces.len() {
            let mut fewer = self.clone();
            fewer.pieces.remove(place);
            all.push(fewer);
        }
        all.retain(|ask| ask != self);
        all
    }
}

/// Asks of one world.
pub(crate) struct Asker {
    known: Vec<Vec<String>>,
}

impl Asker {
    pub(crate) fn new(world: &World) -> Self {
        let shape = world.shape;
        let mut known: Vec<String> = shape
            .prefixes
            .iter()
            .flat_map(|prefix| shape.paths.iter().map(move |path| format!("{prefix}{path}")))
            .collect();
        let rules = &world.rules;
        for rule in rules.public.iter().chain(&rules.protected).chain(&rules.preflights) {
            let path = &rule[rule.find('/').unwrap_or_default()..];
            let ends: &[&str] = if path.ends_with('*') { &["", "x", "docs"] } else { &[""] };
            for prefix in if rules.nested { shape.prefixes } else { &[""] } {
                known.extend(ends.iter().map(|end| format!("{prefix}{}{end}", encoded(path.trim_end_matches('*')))));
            }
        }
        Self { known: known.iter().map(|path| pieces(path)).collect() }
    }

    /// As it comes from a client that plays no tricks.
    pub(crate) fn plain(&self, random: &mut Random) -> Ask {
        Ask {
            method: random.of::<&str>(&["GET", "GET", "GET", "POST", "HEAD", "OPTIONS"]),
            absolute: random.one_in(4),
            preflight: random.one_in(10),
            websocket: random.one_in(10),
            ..Ask::plain(random.of(&self.known).clone())
        }
    }

    pub(crate) fn any(&self, random: &mut Random) -> Ask {
        Ask {
            method: random.of::<&str>(METHODS),
            absolute: random.one_in(5),
            preflight: random.one_in(7),
            websocket: random.one_in(7),
            ..Ask::plain(self.path(random))
        }
    }

    fn path(&self, random: &mut Random) -> Vec<String> {
        let mut path = random.of(&self.known).clone();
        for _ in 0..random.below(4).min(random.below(4)) {
            let place = random.below(path.len() + 1);
            match random.below(8) {
                0..4 => path.insert(place, (*random.of(CORNERS)).to_owned()),
                4 if place < path.len() => drop(path.remove(place)),
                5 if place < path.len() => {
                    let other = random.of::<Vec<String>>(&self.known);
                    path[place] = random.of::<String>(other).clone();
                }
                6 => drop(path.splice(place.., random.of(&self.known).iter().cloned())),
                7 if place < path.len() => path[place] = varied(random, &path[place]),
                _ => {}
            }
        }
        path
    }
}

/// The same word in other letters or another encoding.
fn varied(random: &mut Random, piece: &str) -> String {
    if random.one_in(2) || !piece.is_ascii() || piece.is_empty() {
        let swap =
            |char: char| if char.is_ascii_uppercase() { char.to_ascii_lowercase() } else { char.to_ascii_uppercase() };
        return piece.chars().map(swap).collect();
    }
    let place = random.below(piece.len());
    format!("{}%{:02X}{}", &piece[..place], piece.as_bytes()[place], &piece[place + 1..])
}

fn pieces(path: &str) -> Vec<String> {
    path.replace('/', "\n/\n").split('\n').filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
}
