//! New credentials: to whom they go is settled before anything is changed, since nobody could read them afterwards.

use std::path::Path;

use accord_runtime::encryption::{Encrypted, Recipient};
use accord_runtime::provision::{Credential, CredentialOption, Mode, Operation};
use accord_runtime::{Category, Problem};

use crate::args::ChangeArguments;
use crate::sources;

/// Who gets new credentials.
#[derive(Debug)]
pub(super) struct Keeping {
    recipients: Vec<Recipient>,
    shown: bool,
}

/// A credential on its way out.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) description: String,
    /// As it is, where that was asked for.
    pub(super) shown: Option<String>,
    /// For whom, and what only they can read.
    pub(super) encrypted: Vec<(String, Encrypted)>,
}

impl Keeping {
    /// Refuses recipients that nothing can be encrypted to, and a change that would make what nobody gets.
    pub(super) fn of(asked: &ChangeArguments, operation: &Operation, mode: Mode) -> Result<Self, Problem> {
        let recipients: Vec<Recipient> =
            asked.recipients.iter().map(|text| recipient(text)).collect::<Result<_, _>>()?;
        let makes_some = match operation {
            Operation::CreateAccount(request) => matches!(request.credential, CredentialOption::RandomPassword(_)),
            Operation::RotateCredential(_) => true,
            _ => false,
        };
        if makes_some && recipients.is_empty() && !asked.show_credentials && mode != Mode::DryRun {
            let headline = "the new credential would be lost: nobody would get it";
            return Err(Problem::new(Category::Usage, "PROV-004", headline).remedy(
                "name who is to have it with --encrypt-to, print it with --show-credentials, \
                 or create the account without a password",
            ));
        }
        Ok(Self { recipients, shown: asked.show_credentials })
    }

    /// Each credential for each recipient.
    pub(super) fn keep(&self, credentials: &[Credential]) -> Result<Vec<Kept>, Problem> {
        credentials.iter().map(|credential| self.keep_one(credential)).collect()
    }

    fn keep_one(&self, credential: &Credential) -> Result<Kept, Problem> {
        let secret = credential.secret.expose();
        let mut encrypted = Vec::with_capacity(self.recipients.len());
        for recipient in &self.recipients {
            let ciphertext = recipient.encrypt(secret).map_err(|error| {
                let headline = format!(
                    "the change was made, and its new credential `{}` could not be encrypted to {}: {error}",
                    credential.name, recipient.name
                );
                Problem::new(Category::Bug, "BUG-006", headline).remedy("make a new credential, and report this")
            })?;
            encrypted.push((recipient.name.clone(), ciphertext));
        }
        Ok(Kept {
            name: credential.name.clone(),
            description: credential.description.clone(),
            shown: self.shown.then(|| String::from_utf8_lossy(secret).into_owned()),
            encrypted,
        })
    }
}

/// `age1…`, or the path of a file with a JSON Web Key.
fn recipient(text: &str) -> Result<Recipient, Problem> {
    if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
        return Err(Problem::new(Category::Usage, "PROV-005", "--encrypt-to was given a private key")
            .means("nothing was changed; command lines can be seen by others on this machine")
            .remedy("name its public part (age1…), and make a new key in place of this one"));
    }
    let made = if text.starts_with("age1") {
        Recipient::age(text)
    } else {
        sources::file(Path::new(text)).and_then(|jwk| Recipient::jwk(&jwk))
    };
    made.map_err(|told| {
        Problem::new(Category::Usage, "PROV-005", format!("--encrypt-to: `{text}` {told}"))
            .means("nothing was changed")
            .remedy("name an age recipient (age1…), or a file with a public JSON Web Key")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_refused_and_not_repeated() {
        for text in ["AGE-SECRET-KEY-1HUNTER2", "age-secret-key-1hunter2"] {
            let problem = format!("{:?}", recipient(text).unwrap_err());
            assert!(problem.contains("was given a private key"), "{problem}");
            assert!(!problem.to_ascii_lowercase().contains("hunter2"), "{problem}");
        }
    }
}
