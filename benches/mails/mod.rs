//! The mails that the desk's benches read: the same for its speed and for its allocations.

use testbed::mail::Random;
use testbed::mail::clients::WHOLE;
use testbed::mail::{Scene, Sort, Stars, bulk};

const SEED: u64 = 7;
const MAILS: usize = 2_000;
/// Submissions with large attachments are another bench's matter.
const LARGEST: usize = 64 * 1024;

/// Bodies as the clients of the corpus write them, each with a greeting, a header block and a notice.
pub fn bodies() -> Vec<String> {
    let scenes = (0_u64..).map(|number| Scene::invented(Random::new(SEED + number), Sort::Completion(Stars::One)));
    scenes
        .zip(WHOLE.iter().cycle())
        .take(MAILS)
        .map(|(scene, layout)| format!("{}\n\n{}", scene.message, layout.render(&scene.letter).text))
        .collect()
}

/// Submissions of every sort, some 6 kB each.
pub fn submissions() -> Vec<Vec<u8>> {
    bulk(SEED, MAILS).map(|submission| submission.raw).filter(|raw| raw.len() <= LARGEST).collect()
}
