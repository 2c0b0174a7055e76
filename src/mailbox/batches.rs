//! Which bodies are asked for together: as many as the budget allows, and the large ones alone.
//!
//! Promises: a batch stays within its bytes and mails and its command under 1,000 octets; the order of UIDs is kept, so the
//! cursor can follow. Rejected: mail by mail (a sixth of the throughput on loopback, a fiftieth at 100 ms of distance).

use super::settings::Limits;
use super::windows::uid_sets;

/// A mail that exists, with what the server says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listed {
    pub uid: u32,
    /// RFC822.SIZE; a hint, never compared for equality. `None`: the server could not say.
    pub size: Option<u64>,
    pub internal_date: Option<i64>,
}

/// One request for bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// Whole mails in one command.
    Together(Vec<Listed>),
    /// One mail, piece by piece: large, or of unknown size.
    Pieces(Listed),
    /// One mail over the limit: its header only.
    Header(Listed),
}

impl Order {
    pub(super) fn mails(&self) -> &[Listed] {
        match self {
            Self::Together(mails) => mails,
            Self::Pieces(mail) | Self::Header(mail) => std::slice::from_ref(mail),
        }
    }
}

/// Groups mails (ascending) into orders.
pub(super) fn orders(mails: &[Listed], limits: &Limits) -> Vec<Order> {
    let mut planned = Vec::new();
    let mut group = Vec::new();
    let mut bytes = 0_u64;
    for &mail in mails {
        let alone = match mail.size {
            None => Some(Order::Pieces(mail)),
            Some(size) if size > limits.largest_mail => Some(Order::Header(mail)),
            Some(size) if size > u64::from(limits.piece) => Some(Order::Pieces(mail)),
            Some(_) => None,
        };
        let size = mail.size.unwrap_or(0);
        let full = bytes.saturating_add(size) > limits.batch_bytes || group.len() >= limits.batch_mails;
        if alone.is_some() || full {
            close(&mut group, &mut planned);
            bytes = 0;
        }
        match alone {
            Some(order) => planned.push(order),
            None => {
                group.push(mail);
                bytes = bytes.saturating_add(size);
            }
        }
    }
    close(&mut group, &mut planned);
    planned
}

/// Ends a group; one whose set of UIDs is too long for a command becomes several.
fn close(group: &mut Vec<Listed>, planned: &mut Vec<Order>) {
    let uids: Vec<u32> = group.iter().map(|mail| mail.uid).collect();
    let mut mails = group.drain(..);
    for set in uid_sets(&uids) {
        planned.push(Order::Together(mails.by_ref().take(set.len()).collect()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(uid: u32, size: Option<u64>) -> Listed {
        Listed { uid, size, internal_date: None }
    }

    fn shape(orders: &[Order]) -> Vec<String> {
        orders
            .iter()
            .map(|order| {
                let uids: Vec<u32> = order.mails().iter().map(|mail| mail.uid).collect();
                match order {
                    Order::Together(_) => format!("together {uids:?}"),
                    Order::Pieces(_) => format!("pieces {uids:?}"),
                    Order::Header(_) => format!("header {uids:?}"),
                }
            })
            .collect()
    }

    #[test]
    fn orders_keep_the_sequence_and_the_budget() {
        let limits = Limits { largest_mail: 1_000, batch_bytes: 100, batch_mails: 3, piece: 90 };
        for (sizes, expected) in [
            (vec![], vec![]),
            (vec![Some(10)], vec!["together [1]"]),
            (vec![Some(50), Some(50), Some(1)], vec!["together [1, 2]", "together [3]"]),
            (vec![Some(1); 4], vec!["together [1, 2, 3]", "together [4]"]),
            (vec![Some(1), Some(91), Some(1)], vec!["together [1]", "pieces [2]", "together [3]"]),
            (vec![Some(1), Some(1_001), None], vec!["together [1]", "header [2]", "pieces [3]"]),
        ] {
            let mails: Vec<Listed> = (1_u32..).zip(sizes).map(|(uid, size)| listed(uid, size)).collect();
            assert_eq!(shape(&orders(&mails, &limits)), expected);
        }
    }

    #[test]
    fn a_scattered_batch_is_split_by_the_length_of_its_command() {
        let limits = Limits { batch_mails: 500, ..Limits::default() };
        let mails: Vec<Listed> = (0..200).map(|n| listed(4_000_000_000 + n * 2, Some(10))).collect();
        let planned = orders(&mails, &limits);
        assert!(planned.len() > 1);
        let uids: Vec<u32> = planned.iter().flat_map(Order::mails).map(|mail| mail.uid).collect();
        assert_eq!(uids, mails.iter().map(|mail| mail.uid).collect::<Vec<u32>>());
    }
}
