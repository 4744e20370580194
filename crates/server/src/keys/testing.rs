//! What tests of keys share.

use std::path::Path;

use super::{Custody, MasterKey};
use crate::chance;

/// A master key that is the same for the same number.
pub(crate) fn master(number: u8) -> MasterKey {
    let folder = std::env::temp_dir().join(chance::entropy().uuid("test"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let key = written(&folder.join("master.key"), number);
    std::fs::remove_dir_all(folder).expect("removable");
    key
}

/// The same, with no token beside it.
pub(super) fn custody(number: u8) -> Custody {
    master(number).into()
}

fn written(path: &Path, number: u8) -> MasterKey {
    MasterKey::make(path).expect("made");
    std::fs::write(path, [number; 32]).expect("writable");
    MasterKey::read(path).expect("a key")
}
