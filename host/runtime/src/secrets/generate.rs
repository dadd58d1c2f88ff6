//! New passwords by a target's rule, from the system's randomness.

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// A kind of character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CharacterClass {
    Lower,
    Upper,
    Digit,
    Symbol,
}

impl CharacterClass {
    fn characters(self) -> &'static str {
        match self {
            Self::Lower => "abcdefghijklmnopqrstuvwxyz",
            Self::Upper => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Digit => "0123456789",
            Self::Symbol => "!#$%&()*+,-./:;<=>?@[]^_{|}~",
        }
    }
}

/// What a target demands of a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRule {
    /// 8 to 256.
    pub length: u32,
    /// Each occurs at least once.
    pub classes: Vec<CharacterClass>,
    /// Characters that must not occur.
    pub without: String,
}

impl PasswordRule {
    /// A password that fulfils the rule, each possible one as likely as any other.
    pub(super) fn generate(&self) -> Result<Zeroizing<String>, String> {
        if !(8..=256).contains(&self.length) {
            return Err(format!("a password of {} characters was asked for, 8 to 256 are possible", self.length));
        }
        let mut sets: Vec<Vec<char>> = Vec::new();
        for class in &self.classes {
            let set: Vec<char> = class.characters().chars().filter(|c| !self.without.contains(*c)).collect();
            if set.is_empty() {
                return Err(format!("`without` leaves nothing of the class {class:?}").to_lowercase());
            }
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        let all: Vec<char> = sets.iter().flatten().copied().collect();
        if all.is_empty() {
            return Err("a password needs a class of characters".to_owned());
        }
        // Draw whole passwords until one has every class. With 8 characters of four classes, one in two or three does.
        for _ in 0..10_000 {
            let mut password = Zeroizing::new(String::with_capacity(self.length as usize));
            for _ in 0..self.length {
                password.push(pick(&all)?);
            }
            if sets.iter().all(|set| password.chars().any(|c| set.contains(&c))) {
                return Ok(password);
            }
        }
        Err("no password fulfils the rule".to_owned())
    }
}

/// One of at most 256 characters, without the bias of a remainder.
fn pick(all: &[char]) -> Result<char, String> {
    let random = SystemRandom::new();
    let fair = 256 - 256 % all.len();
    loop {
        let mut byte = [0_u8];
        random.fill(&mut byte).map_err(|_| "the system gives no randomness".to_owned())?;
        let [byte] = byte;
        if usize::from(byte) < fair
            && let Some(character) = all.get(usize::from(byte) % all.len())
        {
            return Ok(*character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CharacterClass, PasswordRule};

    #[test]
    fn a_password_has_every_class_and_no_excluded_character() {
        let classes = vec![CharacterClass::Lower, CharacterClass::Upper, CharacterClass::Digit, CharacterClass::Symbol];
        let rule = PasswordRule { length: 12, classes, without: "lI1O0\"'".to_owned() };
        for _ in 0..200 {
            let password = rule.generate().unwrap();
            assert_eq!(password.len(), 12);
            assert!(password.chars().any(|c| c.is_ascii_lowercase()));
            assert!(password.chars().any(|c| c.is_ascii_uppercase()));
            assert!(password.chars().any(|c| c.is_ascii_digit()));
            assert!(password.chars().any(|c| c.is_ascii_punctuation()));
            assert!(!password.contains(['l', 'I', '1', 'O', '0']));
        }
    }

    #[test]
    fn impossible_rules_are_refused() {
        let rule = |length, classes: &[CharacterClass], without: &str| {
            PasswordRule { length, classes: classes.to_vec(), without: without.to_owned() }.generate()
        };
        assert!(rule(7, &[CharacterClass::Lower], "").is_err());
        assert!(rule(257, &[CharacterClass::Lower], "").is_err());
        assert!(rule(12, &[], "").is_err());
        assert!(rule(12, &[CharacterClass::Digit], "0123456789").is_err());
    }
}
