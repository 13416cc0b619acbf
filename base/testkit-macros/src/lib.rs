//! `#[db_test]`: one behaviour, tested on both databases.

use proc_macro::TokenStream;
use proc_macro2::{Ident, Span};
use quote::quote;
use syn::{Attribute, ItemFn, ReturnType, parse_macro_input};

/// Makes of `async fn name(db: TestDb)` the tests `name::sqlite` and `name::postgres`, each with an
/// empty database of its own, on a runtime with two worker threads. `#[db_test(postgres)]` and
/// `#[db_test(sqlite)]` make one of them, for what only one database can do.
///
/// The function may return a `Result`, and may carry `#[ignore]`, `#[should_panic]` and `#[cfg]`.
#[proc_macro_attribute]
pub fn db_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    expand(&arguments.into(), function).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(
    arguments: &proc_macro2::TokenStream,
    mut function: ItemFn,
) -> syn::Result<proc_macro2::TokenStream> {
    let (sqlite, postgres) = match arguments.to_string().as_str() {
        "" => (true, true),
        "sqlite" => (true, false),
        "postgres" => (false, true),
        _ => {
            let words = "#[db_test] takes `sqlite`, `postgres` or nothing, which means both";
            return Err(syn::Error::new_spanned(arguments, words));
        }
    };
    let signature = &function.sig;
    if signature.asyncness.is_none() || signature.inputs.len() != 1 {
        let words = "#[db_test] wants `async fn name(db: TestDb)`";
        return Err(syn::Error::new_spanned(signature, words));
    }
    let name = signature.ident.clone();
    // A module of its own knows no names of ours, so the type is left to the compiler. A test that
    // should panic may return nothing else than `()`.
    let output = match &signature.output {
        ReturnType::Default => quote!(),
        ReturnType::Type(..) => quote!(-> impl ::std::process::Termination),
    };
    // What steers the test stands on the tests; everything else stays with the code.
    let (steering, own): (Vec<Attribute>, Vec<Attribute>) =
        function.attrs.into_iter().partition(|attribute| {
            ["ignore", "should_panic", "cfg"].iter().any(|word| attribute.path().is_ident(word))
        });
    let conditions: Vec<_> = steering.iter().filter(|a| a.path().is_ident("cfg")).collect();
    function.attrs = own;
    let sides = [("sqlite", "Sqlite", sqlite), ("postgres", "Postgres", postgres)];
    let tests = sides.into_iter().filter(|(.., is_wanted)| *is_wanted).map(|(test, which, _)| {
        let test = Ident::new(test, Span::call_site());
        let which = Ident::new(which, Span::call_site());
        quote! {
            #(#steering)*
            #[test]
            fn #test() #output {
                ::hoopoe_testkit::run_db_test(::hoopoe_testkit::Which::#which, super::#name)
            }
        }
    });
    Ok(quote! {
        #(#conditions)*
        #[cfg(test)]
        #function

        #(#conditions)*
        #[cfg(test)]
        mod #name {
            #(#tests)*
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(arguments: &str, text: &str) -> Result<String, String> {
        let arguments = arguments.parse().expect("the test's own text is Rust");
        let function = syn::parse_str(text).expect("the test's own text is Rust");
        let result = expand(&arguments, function);
        result.map(|tokens| tokens.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_behaviour_becomes_two_tests() {
        let text = "/// Words.\n#[ignore] async fn it_works(db: TestDb) {}";
        let code = expanded("", text).unwrap();
        assert_eq!(code.matches("# [test]").count(), 2, "{code}");
        assert_eq!(code.matches("# [ignore]").count(), 2, "{code}");
        assert!(code.contains("mod it_works"), "{code}");
    }

    #[test]
    fn a_behaviour_of_one_database_becomes_one_test() {
        let code = expanded("postgres", "async fn it_works(db: TestDb) {}").unwrap();
        assert_eq!(code.matches("# [test]").count(), 1, "{code}");
        assert!(code.contains("Which :: Postgres") && !code.contains("Sqlite"), "{code}");
    }

    #[test]
    fn what_is_no_test_is_refused() {
        let refused = |arguments, text| expanded(arguments, text).unwrap_err();
        assert!(refused("", "fn name(db: TestDb) {}").contains("async fn"));
        assert!(refused("", "async fn name() {}").contains("async fn"));
        assert!(refused("oracle", "async fn name(db: TestDb) {}").contains("takes"));
    }
}
