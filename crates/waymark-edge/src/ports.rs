//! What the use cases need of a host.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use waymark_engine::PackHash;
use waymark_model::{Object, Span, Timestamp};
use waymark_wire::Basis;

use crate::letters::{Letter, Postings, Task};
use crate::shard_map::ShardMap;
use crate::tally::{Counted, Standing, Sum, Tallies};

/// The time, asked once a request.
pub trait Clock {
    fn now(&self) -> Timestamp;
}

/// The objects that keep what must not be lost. Messages are those of [`crate::protocol`].
#[expect(async_fn_in_trait, reason = "hosts have one thread; nothing is sent to another")]
pub trait Objects {
    /// Asks one of the shards.
    async fn shard(&self, object: u16, message: Vec<u8>) -> Result<Vec<u8>, Unavailable>;

    /// Asks the registry of packs.
    async fn registry(&self, message: Vec<u8>) -> Result<Vec<u8>, Unavailable>;
}

/// Budgets of requests, as far as the operator has bound them.
#[expect(async_fn_in_trait, reason = "hosts have one thread; nothing is sent to another")]
pub trait Budgets {
    /// Whether somebody may ask once more. Without a budget, or where it cannot be asked, they may.
    async fn is_within(&self, budget: Budget, who: &str) -> bool;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Budget {
    /// By address.
    Client,
    /// By a server's write key.
    Server,
}

/// Files of all events, for as long as the operator wants them. What is put under a name takes the place of what
/// was there.
#[expect(async_fn_in_trait, reason = "hosts have one thread; nothing is sent to another")]
pub trait Lake {
    /// Whether the operator has bound one.
    fn has_lake(&self) -> bool;
    async fn put(&self, name: &str, body: Vec<u8>) -> Result<(), Unavailable>;
}

/// Where reports read what shards have counted.
#[expect(async_fn_in_trait, reason = "hosts have one thread; nothing is sent to another")]
pub trait Reports {
    /// Whether the operator has bound one.
    fn has_reports(&self) -> bool;
    /// Sums as they are now, of one shard. Older versions do not take the place of newer ones.
    /// `made` tells the object from one of the same name before it, whose sums do not count any more.
    async fn put_sums(&self, shard: &str, made: u64, sums: &[TallyRow]) -> Result<(), Unavailable>;
}

/// Other servers.
#[expect(async_fn_in_trait, reason = "hosts have one thread; nothing is sent to another")]
pub trait Web {
    /// What a server answers; it is given some seconds, and redirects are not followed.
    async fn call(&self, call: Call) -> Result<Called, Unavailable>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    pub status: u16,
    /// As the header says it.
    pub retry_after: Option<String>,
}

/// Somebody did not answer, or not in a way that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// What of it is to be sent or done, and when.
pub trait LetterStore {
    /// Profiles that are to be looked at.
    fn due_visitors(&self, at: Timestamp, most: u32) -> Result<Vec<String>, StoreError>;
    /// Has every profile looked at that waits for nothing.
    fn look_at_all(&self, at: Timestamp) -> Result<(), StoreError>;
    /// When there is something to do next.
    fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;
    fn due_letters(&self, at: Timestamp, most: u32) -> Result<Vec<Letter>, StoreError>;
    fn letter(&self, id: &str) -> Result<Option<Letter>, StoreError>;
    /// After an id, in their order.
    fn dead_letters(&self, after: &str, most: u32) -> Result<Vec<Letter>, StoreError>;
    /// Open ones whose time has come.
    fn due_tasks(&self, at: Timestamp, most: u32) -> Result<Vec<Task>, StoreError>;
    fn task(&self, id: &str) -> Result<Option<Task>, StoreError>;
    /// Open ones after an id, in their order.
    fn open_tasks(&self, after: &str, most: u32) -> Result<Vec<Task>, StoreError>;
}

/// Who is who of it, and what shards tell each other of that.
pub trait GraphStore {
    /// An id's place among the ids of its person; `None` for one that is alone.
    fn node(&self, key: &str) -> Result<Option<Node>, StoreError>;
    /// Whether there is anything in `outbox` or `unsettled`.
    fn is_pending(&self) -> Result<bool, StoreError>;
    fn is_member(&self, root: &str, key: &str) -> Result<bool, StoreError>;
    /// The ids whose events are in the profile of this one.
    fn members(&self, root: &str) -> Result<Vec<String>, StoreError>;
    /// The ids that lead to this one.
    fn leading_to(&self, key: &str) -> Result<Vec<String>, StoreError>;
    /// Messages to other shards that have not arrived yet, oldest first.
    fn outbox(&self, most: u32) -> Result<Vec<Posted>, StoreError>;
    /// The first and the last message that waits.
    fn outbox_ends(&self) -> Result<Option<(u64, u64)>, StoreError>;
    /// Ids of which it is not known yet whose they are, with the turn that has to be answered.
    fn unsettled(&self, most: u32) -> Result<Vec<(String, u64)>, StoreError>;
    /// The last message of another object to ids of a slot that was taken in.
    fn imported(&self, source: u16, slot: u16) -> Result<u64, StoreError>;
    /// The last messages of other objects to ids of a slot that were taken in.
    fn imported_of(&self, slot: u16) -> Result<Vec<(u16, u64)>, StoreError>;
}

/// What of it has left for the lake and for reports, and what is to leave.
pub trait LakeStore {
    /// How far the lake has got.
    fn drainage(&self) -> Result<Drainage, StoreError>;
    /// Those who were erased after some of their events had left for the lake, oldest first.
    fn graves(&self, most: u32) -> Result<Vec<Grave>, StoreError>;
    /// Whether something has a sum of its own.
    fn has_sum(&self, counted: &Counted) -> Result<bool, StoreError>;
    /// How many sums there are of a day.
    fn sums_of_day(&self, day: i64) -> Result<u64, StoreError>;
    /// Sums that changed after a version, in the order of versions.
    fn sums(&self, after: u64, most: u32) -> Result<Vec<TallyRow>, StoreError>;
}

/// What an operator watches of it.
pub trait WatchStore {
    fn counters(&self) -> Result<Counters, StoreError>;
    fn health(&self) -> Result<Health, StoreError>;
}

/// What a shard keeps. Reads are of what was committed; one [`Commit`] is one transaction.
pub trait ShardStore: LetterStore + GraphStore + LakeStore + WatchStore {
    /// The newest epoch of the shard map that this object has seen, and the objects of the first one; zeros at first.
    fn epoch(&self) -> Result<(u64, u16), StoreError>;
    fn set_epoch(&self, epoch: u64, first: u16) -> Result<(), StoreError>;

    /// How slots stand that have come, are coming or have left. Of others the first map says whose they are.
    fn stands(&self) -> Result<Rc<BTreeMap<u16, Stand>>, StoreError>;

    /// Notes what there is of the slots that are not this object's any more: so many rows at a time. Gives whether
    /// there is more to note.
    fn note_leaving(&self, map: ShardMap, object: u16, most: u32) -> Result<bool, StoreError>;

    /// What was noted of a slot, in order, after something.
    fn noted(&self, slot: u16, after: &str, most: u32) -> Result<Vec<String>, StoreError>;

    /// Those of a slot who were erased, as what is kept of them.
    fn tombstones(&self, slot: u16) -> Result<Vec<(u64, Timestamp)>, StoreError>;

    /// What messages of this object wait for.
    fn gates(&self) -> Result<Vec<Gate>, StoreError>;

    fn profile(&self, visitor: &str) -> Result<Option<Profile>, StoreError>;

    /// The row of an id's profile.
    fn visitor(&self, id: &str) -> Result<Option<VisitorRow>, StoreError>;

    /// All rows of a visitor, by day and part.
    fn seen(&self, visitor: &str) -> Result<Vec<Seen>, StoreError>;

    /// The day of the last sweep of old `seen` rows.
    fn swept(&self) -> Result<i64, StoreError>;

    fn commit(&self, commit: &Commit) -> Result<(), StoreError>;

    /// Profiles that have not changed since a moment.
    fn unseen(&self, since: Timestamp, most: u32) -> Result<Vec<String>, StoreError>;

    /// Whether the profile of an id has not changed since a moment; so has none.
    fn is_unseen(&self, visitor: &str, since: Timestamp) -> Result<bool, StoreError>;

    /// Visitors after a key, in the order of keys.
    fn visitors(&self, after: &str, most: u32) -> Result<Vec<(String, Vec<u8>)>, StoreError>;

    /// Batches after a sequence number; with `marker`, those whose visitors contain it.
    fn batches(&self, after: u64, marker: Option<u64>, most: u32)
    -> Result<Vec<Batch>, StoreError>;

    /// The number of the batch that was stored last.
    fn newest_batch(&self) -> Result<u64, StoreError>;

    /// Whether a visitor was erased: nothing of theirs is kept again.
    fn is_erased(&self, visitor: &str) -> Result<bool, StoreError>;

    /// Oldest first.
    fn refusals(&self) -> Result<Vec<Refusal>, StoreError>;
}

/// What a registry keeps.
pub trait RegistryStore {
    fn pack(&self, hash: PackHash) -> Result<Option<PackRow>, StoreError>;
    /// Newest first.
    fn packs(&self) -> Result<Vec<PackRow>, StoreError>;
    fn put(&self, row: &PackRow, parts: &PackParts) -> Result<(), StoreError>;
    fn part(&self, hash: PackHash, part: Part) -> Result<Option<Vec<u8>>, StoreError>;
    /// Other parts in place of those that a pack has.
    fn replace(&self, hash: PackHash, parts: &PackParts) -> Result<(), StoreError>;
    /// Newest first.
    fn activations(&self, most: u32) -> Result<Vec<Activation>, StoreError>;
    /// The number is given by the store.
    fn activate(&self, activation: &Activation) -> Result<(), StoreError>;

    /// Notes what an operator does. The oldest notes go when there are too many.
    fn note(&self, deed: &Deed) -> Result<(), StoreError>;
    /// Before a number, the latest first.
    fn deeds(&self, before: Option<u64>, most: u32) -> Result<Vec<(u64, Deed)>, StoreError>;

    /// Counts on.
    fn count(&self, counts: &[(String, u64)]) -> Result<(), StoreError>;
    fn counts(&self) -> Result<Vec<(String, u64)>, StoreError>;
    /// Adds to what a key has sent on a day, and tells the sum; a new day begins at nothing.
    fn count_used(&self, key: &str, day: i64, events: u64) -> Result<u64, StoreError>;

    /// How much a feed has said of the catalogue.
    fn feed(&self) -> Result<Feed, StoreError>;
    fn feed_row(&self, key: &str) -> Result<Option<FeedRow>, StoreError>;
    /// In the order of keys.
    fn feed_rows(&self) -> Result<Vec<FeedRow>, StoreError>;
    /// Puts rows in place of those with the same keys.
    fn put_feed(&self, rows: &[FeedRow], feed: &Feed) -> Result<(), StoreError>;
    /// Forgets all rows.
    fn drop_feed(&self, feed: &Feed) -> Result<(), StoreError>;
    /// What was last made of a pack and the rows.
    fn derived(&self, pack: PackHash) -> Result<Option<Derived>, StoreError>;
    /// Keeps that, with a Program and a page if it is one of its own. Those made before a moment go, but
    /// for the two that were made last.
    fn put_derived(
        &self,
        derived: &Derived,
        parts: Option<&PackParts>,
        before: Timestamp,
    ) -> Result<(), StoreError>;
    /// Forgets that one was made.
    fn drop_derived(&self, hash: PackHash) -> Result<(), StoreError>;
}

/// The storage refused. Nothing of the transaction was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// Message ids that a visitor sent on one day of receipt, by hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Days since 1970.
    pub day: i64,
    pub part: u32,
    pub ids: Vec<u64>,
}

/// Raw events of one request, packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Given by the store.
    pub seq: u64,
    pub received: Timestamp,
    pub events: u32,
    pub duplicates: u32,
    /// Hashes of the visitors' keys, to find a visitor's batches by; of copies, that of root and id.
    pub markers: Vec<u64>,
    pub body: Vec<u8>,
    pub origin: Origin,
}

/// How events came to be in a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// They were sent.
    Sent,
    /// The id's own slot has them too: they are here because the profile is.
    Copied,
    /// They came back from the lake, and do not go there again.
    Restored,
}

impl Origin {
    pub const fn number(self) -> i64 {
        match self {
            Self::Sent => 0,
            Self::Copied => 1,
            Self::Restored => 2,
        }
    }

    pub const fn of_number(number: i64) -> Self {
        match number {
            0 => Self::Sent,
            1 => Self::Copied,
            _ => Self::Restored,
        }
    }
}

/// What is kept under a visitor's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Profile {
    /// A state, and the memberships that were counted of it.
    Here(Vec<u8>, Standing),
    /// It is part of the profile of another id.
    PartOf(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitorRow {
    pub id: String,
    pub slot: u16,
    pub profile: Profile,
    pub seq: u64,
    pub updated: Timestamp,
    /// When there may be something to do, though nothing happens.
    pub due: Option<Timestamp>,
}

impl VisitorRow {
    /// About what it takes up.
    pub fn bytes(&self) -> usize {
        match &self.profile {
            Profile::Here(state, standing) => state.len() + standing.0.len(),
            Profile::PartOf(root) => root.len(),
        }
    }
}

/// An id, and who else it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub key: String,
    /// The first statement, by event time, of whose id this is.
    pub link: Option<Link>,
    /// Whose profile its events are in, as far as is known; its own key when it is its own.
    pub root: String,
    /// Counts the reasons to look again who the root is; those up to `settled` were looked after.
    pub turn: u64,
    pub settled: u64,
}

/// A trusted event said that an id belongs to a person's other id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    pub at: Timestamp,
    /// The event's.
    pub message: String,
    pub to: String,
}

/// A message that waits to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub seq: u64,
    /// Whose shard gets it.
    pub key: String,
    pub message: Vec<u8>,
}

/// Everything that one request changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    pub batches: Vec<Batch>,
    pub visitors: Vec<VisitorRow>,
    /// Rows to put in place of those with the same visitor, day and part.
    pub seen: Vec<(String, Seen)>,
    /// Duplicates of a request that had nothing new, so no batch to count them in.
    pub only_duplicates: u32,
    /// Events that came too late for their profile to put in order.
    pub late: u32,
    /// Forget `seen` rows of days before this, and that it was done on the second.
    pub sweep: Option<(i64, i64)>,
    /// What remains of batches that events were taken from. One without events goes.
    pub remains: Vec<Batch>,
    pub nodes: Vec<Node>,
    /// Root, id, and whether it is one of the root's now or no longer.
    pub members: Vec<(String, String, bool)>,
    /// Where it leads, id, and whether it does now or no longer.
    pub leads: Vec<(String, String, bool)>,
    /// Key and message.
    pub posts: Vec<(String, Vec<u8>)>,
    /// When they were posted.
    pub posted: Timestamp,
    /// Messages that arrived.
    pub delivered: Vec<u64>,
    /// To ids of which slot, from which object, and up to which of its messages.
    pub imported: Vec<(u16, u16, u64)>,
    pub erased: Option<Erased>,
    /// What reports count.
    pub tallies: Tallies,
    /// Batches that are on their way to the lake: up to which, all of one day.
    pub range: Option<u64>,
    /// Those that have arrived: up to which.
    pub drained: Option<u64>,
    /// Who is to be forgotten in the lake, too.
    pub grave: Option<(String, Timestamp)>,
    /// Those of whom the lake has heard.
    pub buried: Vec<u64>,
    /// Up to which version reports have the sums.
    pub reported: Option<u64>,
    /// Events that were refused; the oldest make room for them.
    pub refusals: Vec<Refusal>,
    /// Those before a moment, or that name an id, go.
    pub drop_refusals: Option<Unwanted>,
    /// How slots stand after this. Of one that is held, or is not here, nothing is noted any more.
    pub stands: Vec<(u16, Stand)>,
    /// All that this writes belongs to a slot that is still coming: it is noted.
    pub coming: Option<u16>,
    /// Notes of slots, of what is gone after this: keys with all that is kept under them.
    pub departed: Vec<(u16, String)>,
    pub tombstones: Vec<(u16, u64, Timestamp)>,
    pub gate: Option<Gate>,
    /// From which object, and up to which of its messages: they have arrived.
    pub ungate: Option<(u16, u64)>,
    pub postings: Postings,
}

/// How a slot stands with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stand {
    /// Nothing of it is here.
    Absent,
    /// It is all here, and changes here.
    Held,
    /// It is here, and does not change any more: since this epoch it is another's.
    Leaving(u64),
    /// It comes from another object, and was taken in up to here.
    Coming(u16, String),
}

/// Messages of this object after one of its own wait until another object's have arrived: they are of ids that came
/// from there, and those before them are not to be overtaken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    pub source: u16,
    /// The other's.
    pub upto: u64,
    /// Of this object.
    pub after: u64,
}

/// What is noted of a slot: a batch with events of it, or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note<'n> {
    Batch(u64),
    Key(&'n str),
}

impl<'n> Note<'n> {
    pub fn read(text: &'n str) -> Option<Self> {
        match text.split_at_checked(1)? {
            ("b", seq) => seq.parse().ok().map(Self::Batch),
            ("k", key) => Some(Self::Key(key)),
            _ => None,
        }
    }
}

/// Batches come before keys, the oldest first.
impl fmt::Display for Note<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(seq) => write!(f, "b{seq:020}"),
            Self::Key(key) => write!(f, "k{key}"),
        }
    }
}

/// How far the lake has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drainage {
    /// Tells this object from another of the same name, before or after it.
    pub made: u64,
    /// Batches up to this one have arrived.
    pub drained: u64,
    /// Those up to this one are on their way; the same as `drained` when none are.
    pub range: u64,
    /// Reports have the sums up to this version.
    pub reported: u64,
}

/// Somebody who was erased here and is to be forgotten in the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grave {
    pub seq: u64,
    pub key: String,
    pub at: Timestamp,
}

/// A sum, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyRow {
    pub counted: Counted,
    pub sum: Sum,
    pub version: u64,
}

/// An event that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub at: Timestamp,
    pub basis: Basis,
    pub code: String,
    /// Where in its request.
    pub pointer: String,
    /// What was wrong, and the event as it was sent.
    pub told: Option<(String, String)>,
}

impl Refusal {
    /// How many an object keeps.
    pub const MOST: u32 = 500;
    /// How long they are kept.
    pub const KEPT: Span = Span(7 * Span::DAY.0);
}

/// Refusals that are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwanted {
    Before(Timestamp),
    Naming(String),
}

/// Somebody who is forgotten, but for a tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    pub visitor: String,
    pub at: Timestamp,
    /// Nothing of them is left after this: who else they are can be forgotten, too.
    pub wholly: bool,
    /// Nothing of them is kept again.
    pub for_good: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    pub batches: u64,
    pub events: u64,
    pub duplicates: u64,
    /// Events that profiles took in without putting them in order.
    pub late: u64,
}

/// What an operator watches of an object. Rows are counted; no profile or event is opened for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    pub counters: Counters,
    pub profiles: u64,
    pub bytes: u64,
    pub outbox: u64,
    /// The oldest message of the outbox.
    pub waiting_since: Option<Timestamp>,
    pub unsettled: u64,
    pub refused: u64,
    /// The oldest batch that has not left for the lake.
    pub undrained_since: Option<Timestamp>,
    /// Slots that have not come yet, or have not gone.
    pub moving: u64,
    /// Since when there is something to do that time has made due.
    pub due_since: Option<Timestamp>,
    /// That wait to be sent, and since when the oldest does.
    pub letters: u64,
    pub letters_since: Option<Timestamp>,
    pub dead_letters: u64,
    pub open_tasks: u64,
    pub late_tasks: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackRow {
    pub hash: PackHash,
    pub name: String,
    pub created: Timestamp,
}

/// The forms in which a pack is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The JSON as it was put.
    Source,
    /// The encoded Program.
    Program,
    /// The page's projection, gzip.
    Page,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PackParts {
    pub source: Vec<u8>,
    pub program: Vec<u8>,
    pub page: Vec<u8>,
}

/// A line of the registry's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    pub number: u64,
    /// `None`: no pack is active.
    pub hash: Option<PackHash>,
    pub at: Timestamp,
    pub by: String,
    /// The activation that a roll-back went back to.
    pub restores: Option<u64>,
    /// So many of a hundred visitors have it; the others what was active for all before. `None`: all.
    pub percent: Option<u8>,
}

/// Something that an operator has had done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    pub at: Timestamp,
    /// The token, by the first bytes of its hash.
    pub by: String,
    pub what: String,
    /// A pack's hash; of people the hash of an id.
    pub of: Option<String>,
}

impl Deed {
    /// How many are kept.
    pub const MOST: u64 = 10_000;
}

/// What a feed says of a thing of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedRow {
    pub key: String,
    /// The fields that it has been told; `None` when there is no such thing any more.
    pub fields: Option<Object>,
    /// When that was so.
    pub at: Timestamp,
}

/// How much a feed has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Feed {
    /// How often it has said something.
    pub changes: u64,
    /// When it did last.
    pub changed: Timestamp,
    pub rows: u64,
    /// Of their keys and fields.
    pub bytes: u64,
}

/// A pack with the rows that a feed has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// As it was published.
    pub pack: PackHash,
    /// With so many changes of the feed.
    pub changes: u64,
    pub at: Timestamp,
    /// What is decided with: the pack itself when the rows change nothing that is shown.
    pub hash: PackHash,
    /// Why the rows could not be put into the pack.
    pub problem: Option<String>,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Source, Self::Program, Self::Page];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Program => "program",
            Self::Page => "page",
        }
    }
}
