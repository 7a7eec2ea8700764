//! The examples of the pages can run as they stand: no budget that is left out refuses them.

use std::path::Path;

use perennial_core::config::Config;
use perennial_core::prices::least_of_run;

#[test]
fn every_whole_configuration_of_the_pages_is_accepted_and_fits_its_month() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut seen = 0;
    for page in ["techniques.md", "recipe.md"] {
        let text = std::fs::read_to_string(docs.join(page)).expect("the page");
        let blocks = text.split("```toml\n").skip(1);
        let blocks = blocks.filter_map(|rest| Some(rest.split_once("```")?.0));
        for block in blocks.filter(|block| block.contains("base_model")) {
            let config = Config::parse(block).unwrap_or_else(|errors| panic!("{block}\n{errors}"));
            let route = config
                .check("us-east-1")
                .or_else(|_| config.check("us-west-2"))
                .unwrap_or_else(|error| panic!("{page}: {block}\n{error}"));
            let least = least_of_run(&route, &config).expect("its prices are stated");
            let month = config.budget.per_month_usd;
            assert!(least.total() <= month, "{page}: {block}\n{least:?}");
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}
