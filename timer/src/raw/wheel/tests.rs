use std::{collections::BTreeMap, vec::Vec};

use super::*;

const ONE: u64 = 1 << TICK;

/// What is due at each of `times`, by number of creation.
fn due(wheel: &mut Wheel<u64>, now: u64) -> Vec<u64> {
    let mut all = Vec::new();
    while wheel.collect(now, &mut all) {}
    all.iter().for_each(|due| assert!(due.at <= now, "early"));
    all.into_iter().filter_map(|due| due.item).collect()
}

/// A deadline on either side of each boundary between slots and levels is due then, and not
/// a nanosecond before.
#[test]
fn boundaries_of_slots_and_levels() {
    for start in [0, 1, 62, 63, 64, 4095, 4096, (1 << 36) - 1, 1 << 36] {
        for digit in [1_u64, 63, 64, 65, 4095, 4096, 262_143, 262_144, 1 << 36, 1 << 40] {
            for nanos in [0, 1, ONE - 1] {
                let mut wheel = Wheel::new();
                wheel.insert(start * ONE, 0);
                assert_eq!(due(&mut wheel, start * ONE), [0]);
                let at = (start + digit) * ONE + nanos;
                wheel.insert(at, 1);
                assert_eq!(wheel.earliest(), Some(at));
                assert_eq!(due(&mut wheel, at - 1), [0; 0]);
                assert_eq!(wheel.earliest(), Some(at));
                assert_eq!(due(&mut wheel, at), [1], "{start} {digit} {nanos}");
                assert_eq!((wheel.earliest(), wheel.waiting()), (None, 0));
            }
        }
    }
}

#[test]
fn equal_deadlines_come_in_order_of_creation() {
    let mut wheel = Wheel::new();
    let entries: Vec<_> = (0..200).map(|n| wheel.insert(5000 * ONE + n % 2, n)).collect();
    for n in [3, 0, 77] {
        assert_eq!(wheel.remove(entries[n]), Some(n as u64));
    }
    // Through all levels, in steps.
    for now in (0..5000).step_by(7) {
        assert_eq!(due(&mut wheel, now * ONE), [0; 0]);
    }
    let order: Vec<_> = (0..200).step_by(2).chain((1..200).step_by(2)).collect();
    let order: Vec<_> = order.into_iter().filter(|n| ![3, 0, 77].contains(n)).collect();
    assert_eq!(due(&mut wheel, 6000 * ONE), order);
}

/// One that stands alone is looked for in its own time; those of a crowd together, and not much
/// later.
#[test]
fn a_crowd_is_looked_for_together() {
    let mut wheel = Wheel::new();
    let far = wheel.insert(5000 * ONE + 1, 0);
    assert_eq!(wheel.next_look(), Some(5000 * ONE + 1));
    wheel.insert(10 * ONE + 5, 1);
    assert_eq!(wheel.next_look(), Some(10 * ONE + 5));
    wheel.insert(10 * ONE + 9, 2);
    assert_eq!(wheel.next_look(), Some(10 * ONE + 9));
    let last = wheel.insert(13 * ONE + 7, 3);
    wheel.insert(14 * ONE, 4);
    assert_eq!((wheel.earliest(), wheel.next_look()), (Some(10 * ONE + 5), Some(13 * ONE + 7)));
    wheel.remove(far);
    wheel.remove(last);
    assert_eq!(due(&mut wheel, 13 * ONE + 7), [1, 2]);
    assert_eq!(wheel.next_look(), Some(14 * ONE));
    assert_eq!(due(&mut wheel, 14 * ONE), [4]);
    assert_eq!(wheel.next_look(), None);
}

/// Against a sorted map, with random steps of all sizes.
#[test]
fn as_a_sorted_map() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..60 {
        let mut wheel = Wheel::new();
        let mut model = BTreeMap::new();
        let mut entries = BTreeMap::new();
        let mut now = 0_u64;
        for n in 0..2000_u64 {
            let far = random() % (1_u64 << (10 + random() % 46));
            match random() % 8 {
                0..4 => {
                    let entry = wheel.insert(now + far, n);
                    model.insert((now + far, n), n);
                    entries.insert(n, (entry, now + far));
                }
                4 => {
                    if let Some((&n, &(entry, at))) = entries.range(random() % (n + 1)..).next() {
                        entries.remove(&n);
                        assert_eq!(wheel.remove(entry), model.remove(&(at, n)));
                    }
                }
                5 => {
                    if let Some((&n, &(entry, at))) = entries.range(random() % (n + 1)..).next() {
                        entries.insert(n, (entry, now + far));
                        assert_eq!(wheel.set(entry.entry, now + far, n), model.remove(&(at, n)));
                        model.insert((now + far, n), n);
                    }
                }
                _ => {
                    now += random() % (1 + far);
                    let later = model.split_off(&(now + 1, 0));
                    let expected: Vec<_> =
                        std::mem::replace(&mut model, later).into_values().collect();
                    assert_eq!(due(&mut wheel, now), expected, "round {round}");
                }
            }
            let first = model.keys().next().map(|(at, _)| *at);
            assert!(wheel.earliest() <= first, "{round}");
            assert_eq!(wheel.earliest().is_some(), first.is_some());
            assert_eq!(wheel.waiting(), model.len());
        }
    }
}

#[test]
fn memory_is_given_back() {
    let mut wheel = Wheel::new();
    let entries: Vec<_> = (0..100).map(|n| wheel.insert(n * ONE, n)).collect();
    for entry in &entries[10..] {
        wheel.remove(*entry);
    }
    wheel.shrink();
    assert!(wheel.capacity() < 100);
    assert_eq!(wheel.peek(), Some(entries[0]));
    let fresh = [wheel.insert(0, 7), wheel.insert(0, 8)];
    assert_eq!(fresh.map(|id: Id| id.entry), [10, 11]);
    wheel.remove(entries[3]);
    wheel.shrink();
    assert_eq!(wheel.insert(0, 9).entry, entries[3].entry, "the lowest that is free");
}
