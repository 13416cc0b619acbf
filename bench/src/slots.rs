//! Requests in flight on one connection, found by their id.

/// Ids have their slot in the lowest bits, so that a reply finds its request without a search.
const SLOT_BITS: u32 = 8;

/// A window holds at most this many requests: the server stops reading beyond.
pub(crate) const MAX_WINDOW: usize = 1 << SLOT_BITS;

/// The bits that an id can take; `session.start` has id 1 and generations start at 1, so no id of
/// a slot is smaller than 256.
pub(crate) const ID_BITS: u32 = 34;

/// A window of requests in flight, each with something to remember about it.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    slots: Vec<(u64, Option<T>)>,
    free: Vec<usize>,
}

impl<T> Slots<T> {
    /// A window of at least 1 and at most [`MAX_WINDOW`] requests.
    pub(crate) fn new(window: usize) -> Slots<T> {
        let window = window.clamp(1, MAX_WINDOW);
        Slots {
            slots: (0..window).map(|slot| (slot as u64, None)).collect(),
            free: (0..window).rev().collect(),
        }
    }

    /// An id for a new request, or `None` when the window is full. No id comes twice.
    pub(crate) fn claim(&mut self, request: T) -> Option<u64> {
        let slot = &mut self.slots[self.free.pop()?];
        slot.0 = (slot.0 + MAX_WINDOW as u64) & ((1 << ID_BITS) - 1);
        slot.1 = Some(request);
        Some(slot.0)
    }

    /// The request in flight with this id.
    pub(crate) fn get(&mut self, id: u64) -> Option<&mut T> {
        let slot = self.slots.get_mut(id as usize % MAX_WINDOW)?;
        if slot.0 == id { slot.1.as_mut() } else { None }
    }

    /// Takes the request out of the window.
    pub(crate) fn release(&mut self, id: u64) -> Option<T> {
        let index = id as usize % MAX_WINDOW;
        let slot = self.slots.get_mut(index)?;
        if slot.0 != id {
            return None;
        }
        let request = slot.1.take()?;
        self.free.push(index);
        Some(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_never_overfilled_and_ids_never_repeat() {
        let mut slots = Slots::new(3);
        let mut seen = std::collections::HashSet::new();
        for round in 0..100 {
            let ids: Vec<u64> = std::iter::from_fn(|| slots.claim(round)).collect();
            assert_eq!(ids.len(), 3);
            for id in ids {
                assert!(seen.insert(id), "{id} came twice");
                assert!(id >= MAX_WINDOW as u64);
                assert_eq!(slots.release(id), Some(round));
            }
        }
    }

    #[test]
    fn a_second_reply_and_a_foreign_id_find_nothing() {
        let mut slots = Slots::new(256);
        let id = slots.claim('a').unwrap();
        assert_eq!(slots.get(id), Some(&mut 'a'));
        assert_eq!(slots.release(id), Some('a'));
        assert_eq!(slots.release(id), None);
        assert_eq!(slots.get(id), None);
        let later = slots.claim('b').unwrap();
        assert_eq!(later % 256, id % 256, "the same slot again");
        assert_eq!(slots.release(id), None, "but the old id is over");
        assert_eq!(slots.release(later + 1), None);
    }
}
