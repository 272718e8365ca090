//! Sends the requests, judges what they reached, and makes a request that shows a fault as small as it gets.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use http::StatusCode;
use sallet_core::paths::PathRule;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use super::asks::{Ask, Asker, Random};
use super::guards::{App, Auth, FAULTS};
use super::oracle::{Asked, Reached, Rules, covers, decoded, size, stem};
use super::shapes::{Is, SHAPES, Shape, reached};

const REFUSED: &str = "an open path was refused";
/// Requests in one world.
const EACH: usize = 200;

/// One of the shapes, a guard, and rules for it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) shape: &'static Shape,
    pub(crate) rules: Rules,
    guard: Guard,
}

#[derive(Clone, Copy, Debug)]
enum Guard {
    Keyring,
    Lookup,
    Planted(usize),
    /// It forgets the first public rule.
    Forgetful,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    Nothing,
    Fault(usize),
    Forgetful,
}

impl World {
    fn some(random: &mut Random, shape: &'static Shape, plant: Plant) -> Self {
        let guard = match plant {
            Plant::Nothing if random.one_in(4) => Guard::Lookup,
            Plant::Nothing => Guard::Keyring,
            Plant::Fault(fault) => Guard::Planted(fault),
            Plant::Forgetful => Guard::Forgetful,
        };
        let (public, protected) = *random.of(&[(1, 0), (2, 0), (4, 0), (0, 1), (0, 2), (1, 1), (2, 2), (3, 1)]);
        let nested = random.one_in(3);
        let preflights = usize::from(random.one_in(4));
        let mut some = |number: usize, of_all: bool, fits: fn(&str) -> bool| -> Vec<String> {
            let mut rules: Vec<_> = (0..number).map(|_| rule(random, shape, nested, of_all)).collect();
            rules.retain(|rule| fits(rule));
            rules
        };
        let takes_method = |rule: &str| PathRule::parse(rule).and_then(PathRule::for_public).is_ok();
        let takes_none = |rule: &str| PathRule::parse(rule).and_then(PathRule::for_all_methods).is_ok();
        let (mut public, protected) = (some(public, false, takes_method), some(protected, true, takes_none));
        // The guard refuses a public rule that a protected one wins over everywhere.
        public.retain(|rule| !protected.iter().any(|shut| covers(shut, stem(rule)) && size(shut) >= size(rule)));
        Self {
            shape,
            rules: Rules { public, protected, preflights: some(preflights, true, takes_none), nested },
            guard,
        }
    }

    fn app(&self) -> App {
        let auth = match self.guard {
            Guard::Keyring => Auth::keyring(&self.rules),
            Guard::Lookup => Auth::lookup(&self.rules),
            Guard::Planted(fault) => Auth::planted(&self.rules, fault),
            Guard::Forgetful => Auth::keyring(&Rules {
                public: self.rules.public.iter().skip(1).cloned().collect(),
                ..self.rules.clone()
            }),
        };
        (self.shape.build)(&auth)
    }

    fn with_fewer_rules(&self) -> Vec<Self> {
        let lists: [fn(&mut Rules) -> &mut Vec<String>; 3] =
            [|rules| &mut rules.public, |rules| &mut rules.protected, |rules| &mut rules.preflights];
        let mut all = vec![];
        for list in lists {
            for place in 0..list(&mut self.rules.clone()).len() {
                let mut fewer = self.clone();
                list(&mut fewer.rules).remove(place);
                all.push(fewer);
            }
        }
        all
    }
}

fn rule(random: &mut Random, shape: &Shape, nested: bool, of_all: bool) -> String {
    if of_all && random.one_in(4) {
        return "/*".to_owned();
    }
    // One in four rules is by mistake of the path inside the nest.
    let prefix = if nested || random.one_in(4) { "" } else { random.of(shape.prefixes) };
    let mut path = decoded(&format!("{prefix}{}", random.of(shape.paths))).expect("known paths are text");
    match random.below(8) {
        0 => path = format!("{}/*", path.trim_end_matches('/')),
        1 => path = format!("{}/*", &path[..path.rfind('/').unwrap_or_default()]),
        2 => path = if path.ends_with('/') { path.trim_end_matches('/').to_owned() } else { format!("{path}/") },
        3 => path = path.to_uppercase(),
        _ => {}
    }
    if !of_all && random.one_in(4) {
        path = format!("{} {path}", random.of(&["GET", "POST", "OPTIONS"]));
    }
    path
}

#[derive(Clone)]
pub(crate) struct Fault {
    world: World,
    ask: Ask,
    what: &'static str,
    seen: Option<Reached>,
    status: StatusCode,
    /// Of requests.
    after: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (world, ask) = (&self.world, &self.ask);
        writeln!(f, "{} after {} requests: {} {:?}", self.what, self.after, self.status, self.seen)?;
        writeln!(f, "    app: {:?}, guard: {:?}, {}", world.shape.name, world.guard, world.rules)?;
        write!(f, "    {ask:?}: {:?}", ask.uri())
    }
}

#[derive(Default)]
pub(crate) struct Found {
    pub(crate) counts: BTreeMap<&'static str, usize>,
    pub(crate) faults: Vec<Fault>,
    /// The shapes in which a handler was reached without a credential, and those in which one was not.
    opened: BTreeSet<&'static str>,
    refused: BTreeSet<&'static str>,
    seconds: f64,
}

impl Found {
    pub(crate) fn count(&self, what: &str) -> usize {
        self.counts.get(what).copied().unwrap_or_default()
    }

    pub(crate) fn opened_by_mistake(&self) -> bool {
        self.faults.iter().any(|fault| fault.what != REFUSED)
    }

    pub(crate) fn refused_by_mistake(&self) -> bool {
        self.faults.iter().any(|fault| fault.what == REFUSED)
    }

    /// Whether every shape had its share.
    pub(crate) fn went_everywhere(&self) -> bool {
        self.opened.len() == SHAPES.len() && self.refused.len() == SHAPES.len()
    }

    fn add(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {:.1} s", self.counts, self.seconds)
    }
}

/// Asks until the requests or the time are over, or until the world in which something was open that should not be.
pub(crate) fn run(seed: u64, requests: usize, time: Duration, plant: Plant, mut report: impl FnMut(&Found)) -> Found {
    let (mut random, mut found, begin) = (Random(seed), Found::default(), Instant::now());
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let driver = Driver { runtime };
    loop {
        for shape in SHAPES {
            let world = World::some(&mut random, shape, plant);
            let (app, asker) = (world.app(), Asker::new(&world));
            for number in 0..EACH {
                let is_plain = number % 8 == 0;
                let ask = if is_plain { asker.plain(&mut random) } else { asker.any(&mut random) };
                let Some((status, reached)) = driver.send(&app, &ask, false) else { continue };
                found.add("requests");
                found.add(match status {
                    _ if !reached.is_empty() => "opened",
                    StatusCode::UNAUTHORIZED => "refused",
                    _ => "answered on the way",
                });
                let mut fault = wrong(&world, &ask, status, &reached);
                if is_plain && fault.is_none() {
                    fault = driver.plainly(&world, &app, &ask, status, &reached, &mut found);
                }
                if let Some(fault) = fault
                    && !found.faults.iter().any(|known| known.what == fault.what)
                {
                    let after = found.count("requests");
                    found.faults.push(Fault { after, ..driver.smallest(fault) });
                }
            }
            found.seconds = begin.elapsed().as_secs_f64();
            report(&found);
            if found.count("requests") >= requests || begin.elapsed() > time || found.opened_by_mistake() {
                return found;
            }
        }
    }
}

fn asked(ask: &Ask) -> Asked<'_> {
    let preflight = ask.preflight && ask.method == "OPTIONS";
    Asked { method: if ask.websocket { "" } else { ask.method }, preflight }
}

/// As far as the oracle may know it: a normalizer in front of everything is a client.
fn seen_from(world: &World, ask: &Ask, reached: &Reached) -> Reached {
    let sent = ask.uri().map(|uri| uri.path().to_owned()).unwrap_or_default();
    if world.shape.is == Is::Normalized { reached.clone() } else { Reached { sent, ..reached.clone() } }
}

/// What is wrong with the answer to a request without a credential.
fn wrong(world: &World, ask: &Ask, status: StatusCode, reached: &[Reached]) -> Option<Fault> {
    let fault = |what, seen| Fault { after: 0, world: world.clone(), ask: ask.clone(), what, seen, status };
    for one in reached {
        let seen = seen_from(world, ask, one);
        if !world.rules.opens(asked(ask), &seen) {
            let protects = !world.rules.protected.is_empty();
            return Some(fault(
                if protects { "a protected path was reached" } else { "a path was reached that no rule opens" },
                Some(seen),
            ));
        }
    }
    if reached.is_empty() && status != StatusCode::UNAUTHORIZED && matches!(world.shape.is, Is::Outermost | Is::Bare) {
        let sent = ask.uri()?.path().to_owned();
        let path = decoded(&sent).unwrap_or_default();
        let seen = Reached { handler: "the router".to_owned(), sent, full: path.clone(), inner: path };
        if !world.rules.opens(asked(ask), &seen) {
            return Some(fault("the router was reached", Some(seen)));
        }
    }
    None
}

struct Driver {
    runtime: Runtime,
}

impl Driver {
    fn send(&self, app: &App, ask: &Ask, credential: bool) -> Option<(StatusCode, Vec<Reached>)> {
        drop(reached());
        let request = ask.request(credential)?;
        let response = self.runtime.block_on(app.clone().oneshot(request)).unwrap_or_else(|never| match never {});
        Some((response.status(), reached()))
    }

    /// With a credential it reaches what it should; where a rule opens that, it is reached without one too.
    fn plainly(
        &self,
        world: &World,
        app: &App,
        ask: &Ask,
        status: StatusCode,
        without: &[Reached],
        found: &mut Found,
    ) -> Option<Fault> {
        let (_, with) = self.send(app, ask, true)?;
        let seen = seen_from(world, ask, with.first()?);
        let opened = world.rules.opens(asked(ask), &seen);
        found.add(if opened { "plain requests, opened" } else { "plain requests, refused" });
        if !without.is_empty() {
            found.opened.insert(world.shape.name);
        } else if !opened {
            found.refused.insert(world.shape.name);
        }
        let refused = opened
            && without.is_empty()
            && world.shape.is != Is::Rewritten
            && !(world.rules.nested && world.shape.is == Is::Bare);
        refused.then(|| Fault {
            what: REFUSED,
            after: 0,
            world: world.clone(),
            ask: ask.clone(),
            seen: Some(seen),
            status,
        })
    }

    /// Drops pieces and rules as long as the same thing goes wrong.
    fn smallest(&self, mut fault: Fault) -> Fault {
        loop {
            let asks = fault.ask.simpler().into_iter().map(|ask| (fault.world.clone(), ask));
            let worlds = fault.world.with_fewer_rules().into_iter().map(|world| (world, fault.ask.clone()));
            let again = worlds
                .chain(asks)
                .find_map(|(world, ask)| self.again(&world, &ask).filter(|smaller| smaller.what == fault.what));
            match again {
                Some(smaller) => fault = smaller,
                None => return fault,
            }
        }
    }

    fn again(&self, world: &World, ask: &Ask) -> Option<Fault> {
        let app = world.app();
        let (status, reached) = self.send(&app, ask, false)?;
        wrong(world, ask, status, &reached)
            .or_else(|| self.plainly(world, &app, ask, status, &reached, &mut Found::default()))
    }
}

pub(crate) fn faults() -> impl Iterator<Item = (usize, &'static str)> {
    FAULTS.iter().map(|(name, _)| *name).enumerate()
}
