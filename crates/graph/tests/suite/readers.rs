//! Files, right and wrong.

use canopy_core::Coded;
use canopy_graph::{CsvOptions, Error, GraphOptions, Limits, Loaded, read_csv, read_graphml, read_json};
use proptest::prelude::*;

const UNDIRECTED: GraphOptions = GraphOptions { directed: false, parallel: canopy_graph::Parallel::Sum };

fn csv(text: &[u8]) -> Result<Loaded, Error> {
    read_csv(text, &CsvOptions::default(), UNDIRECTED, &Limits::default())
}
fn json(text: &[u8]) -> Result<Loaded, Error> {
    read_json(text, UNDIRECTED, &Limits::default())
}
fn graphml(text: &[u8]) -> Result<Loaded, Error> {
    read_graphml(text, UNDIRECTED, &Limits::default())
}
fn code(result: Result<Loaded, Error>) -> &'static str {
    result.unwrap_err().code()
}

const GRAPHML: &str = r#"<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="w" for="edge" attr.name="weight" attr.type="double"/><key id="c" for="node" attr.name="colour"/>
<graph edgedefault="directed"><node id="a&amp;b"><data key="c">red</data></node><node id="ü"/><node id="alone"/>
<edge source="a&amp;b" target="ü"><data key="w"> 2.5 </data></edge><edge source="ü" target="a&amp;b"/>
<hyperedge><endpoint node="ü"/><endpoint node="alone"/></hyperedge></graph></graphml>"#;

#[test]
fn the_same_graph_three_times() {
    let csv = read_csv(
        "from;to;weight\n# a comment\na&b ;\"ü\"; 2.5\nü;a&b\n".as_bytes(),
        &CsvOptions { delimiter: b';', header: Some(true) },
        GraphOptions { directed: true, ..UNDIRECTED },
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(csv.ids, ["a&b", "ü"]);
    assert_eq!((csv.graph.weight(0, 1), csv.graph.weight(1, 0)), (Some(2.5), Some(1.0)));
    let xml = graphml(GRAPHML.as_bytes()).unwrap();
    assert_eq!(xml.ids, ["a&b", "ü", "alone"]);
    assert_eq!((xml.graph.weight(0, 1), xml.graph.weight(1, 0)), (Some(2.5), Some(1.0)));
    assert_eq!(xml.hypergraph.unwrap().members(0), [1, 2]);
    let text = r#"{"directed": true, "meta": {"deep": [1, [2]]}, "nodes": ["a&b", {"id": "ü", "size": 3}, 7],
        "links": [{"source": "a&b", "target": "ü", "weight": 2.5, "kind": "x"}, {"source": "ü", "target": "a&b"}],
        "hyperedges": [["ü", 7]]}"#;
    let json = json(text.as_bytes()).unwrap();
    assert_eq!(json.ids, ["a&b", "ü", "7"]);
    assert_eq!(json.graph, xml.graph);
    assert_eq!(json.hypergraph.unwrap().members(0), [1, 2]);
}

/// People's files name their columns more often than not.
#[test]
fn a_first_line_of_names_is_no_edge() {
    for names in ["source,target", "From,To", "src,dst,w", "a,b,weight", "u,v,Weight,since"] {
        assert_eq!(csv(format!("{names}\nx,y,2\n").as_bytes()).unwrap().ids, ["x", "y"], "{names}");
    }
    let told = CsvOptions { header: Some(false), ..CsvOptions::default() };
    let read = read_csv("from,to\nx,y\n".as_bytes(), &told, UNDIRECTED, &Limits::default()).unwrap();
    assert_eq!(read.ids, ["from", "to", "x", "y"]);
    assert_eq!(csv(b"x,y\nfrom,to\n").unwrap().ids, ["x", "y", "from", "to"], "only the first line");
}

#[test]
fn wrong_files_say_where() {
    let place = |result: Result<Loaded, Error>| {
        let error = result.unwrap_err();
        assert_eq!(error.code(), "GRAPH_SYNTAX", "{error}");
        error.to_string()
    };
    assert!(place(csv(b"a,b\nc\n")).contains("line 2"));
    assert!(place(csv(b"a,b,heavy\n")).contains("line 1"));
    assert!(place(csv(b"a,\n")).contains("empty"));
    assert!(place(csv(b"a,\xff\n")).contains("UTF-8"));
    assert!(place(json(b"{\"edges\": [\n{\"source\": 1}]}")).contains("line 2"));
    assert!(place(json(b"{}")).contains("edges"));
    assert!(place(json(b"{\"edges\": []} x")).contains("column"));
    assert!(place(graphml(b"<graphml><graph><node/></graph></graphml>")).contains("id"));
    assert!(place(graphml(b"<graphml></graphml>")).contains("no <graph>"));
    place(graphml(b"<graphml><graph>"));
    place(graphml(b"<graphml><graph></graphml></graph>"));
    place(graphml(b"<!DOCTYPE x [<!ENTITY a \"aaaa\">]><graphml><graph/></graphml>"));
    place(graphml(b"<graphml><graph><node id=\"&bomb;\"/></graph></graphml>"));
    place(graphml("<a>".repeat(100_000).as_bytes()));
    let mixed = GRAPHML.replace("<edge source=\"ü\"", "<edge directed=\"false\" source=\"ü\"");
    assert!(place(graphml(mixed.as_bytes())).contains("split"));
    assert_eq!(code(csv(b"a,b,-1\n")), "GRAPH_WEIGHT");
    assert_eq!(code(csv(b"a,b,NaN\n")), "GRAPH_WEIGHT");
    assert_eq!(code(json(b"{\"edges\": [{\"source\": 1, \"target\": 2, \"weight\": -2}]}")), "GRAPH_WEIGHT");
    assert_eq!(csv(b"").unwrap().graph.nodes(), 0);
    assert_eq!(json(b"{\"edges\": []}").unwrap().graph.nodes(), 0);
}

#[test]
fn limits_hold() {
    let small = Limits { bytes: 1000, nodes: 3, edges: 5, id_bytes: 8 };
    let run = |text: &str| read_csv(text.as_bytes(), &CsvOptions::default(), UNDIRECTED, &small);
    assert_eq!(code(run("a,b\nc,d\n")), "GRAPH_TOO_LARGE");
    assert_eq!(code(run(&"a,b\n".repeat(6))), "GRAPH_TOO_LARGE");
    assert_eq!(code(run("a,123456789\n")), "GRAPH_TOO_LARGE");
    assert_eq!(code(run(&"a, b\n".repeat(300))), "GRAPH_TOO_LARGE");
    let long = format!("{}a,b", " ".repeat(5000));
    assert_eq!(code(run(&long)), "GRAPH_TOO_LARGE");
    let padded = format!("{{\"edges\": [{}]}}", " ".repeat(5000));
    assert_eq!(code(read_json(padded.as_bytes(), UNDIRECTED, &small)), "GRAPH_TOO_LARGE");
    let padded = format!("<graphml>{}<graph/></graphml>", " ".repeat(5000));
    assert_eq!(code(read_graphml(padded.as_bytes(), UNDIRECTED, &small)), "GRAPH_TOO_LARGE");
    assert!(run("a,b\nb,a\n").is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (csv(&bytes), json(&bytes), graphml(&bytes));
    }

    #[test]
    fn damaged_files_are_read_or_refused(at in 0_usize..GRAPHML.len(), byte: u8, cut in 0_usize..GRAPHML.len()) {
        let mut text = GRAPHML.as_bytes().to_vec();
        text[at] = byte;
        let _ = graphml(&text);
        text.truncate(cut);
        let _ = graphml(&text);
        let mut text = br#"{"nodes": [{"id": 1}], "edges": [{"source": 1, "target": "x", "weight": 2e0}], "hyperedges": [[1]]}"#.to_vec();
        let at = at % text.len();
        text[at] = byte;
        let _ = json(&text);
    }
}
