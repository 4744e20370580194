//! What an operator's check learns of a home without opening it.

/// A database's schema beside the one that this program needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Its version; 0 when there is none yet.
    pub found: u32,
    /// The version of this program.
    pub wanted: u32,
    /// The oldest version whose program works on it.
    pub serves: u32,
}

/// What a schema means for this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaStanding {
    /// It works on it: the schema is its own, or a later one that still serves it.
    Fits,
    /// Migrate first.
    Behind,
    /// A newer program made it, and it no longer serves this one.
    Newer,
}

impl Schema {
    /// What it means for this program.
    pub const fn standing(self) -> SchemaStanding {
        if self.serves > self.wanted {
            SchemaStanding::Newer
        } else if self.found < self.wanted {
            SchemaStanding::Behind
        } else {
            SchemaStanding::Fits
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_works_on_the_schemas_that_serve_it() {
        let standing = |found, serves| {
            let wanted = 3;
            let schema = Schema {
                found,
                wanted,
                serves,
            };
            schema.standing()
        };
        assert_eq!(standing(3, 2), SchemaStanding::Fits);
        let expanded = standing(4, 3);
        assert_eq!(expanded, SchemaStanding::Fits, "the next release expands");
        assert_eq!(standing(5, 4), SchemaStanding::Newer, "it has contracted");
        assert_eq!(standing(2, 1), SchemaStanding::Behind);
        assert_eq!(standing(0, 0), SchemaStanding::Behind);
    }
}
