// One suggestion for a pair of nodes, found by its ends.
//
// A suggestion counts the same both ways: the lower id comes first from here on. Of those for one pair the best score stays, and of
// equal ones the oldest. The constraint brings the index on (startNodeId, endNodeId) with it; Neo4j allows no other beside it.
//
// changes: relationships SUGGESTED_HYPER_AA
// expect: MATCH ()-[r:SUGGESTED_HYPER_AA]->() WHERE r.startNodeId > r.endNodeId RETURN count(r) = 0
// expect: MATCH ()-[r:SUGGESTED_HYPER_AA]->() WHERE r.startNodeId IS NOT NULL AND r.endNodeId IS NOT NULL WITH r.startNodeId AS a, r.endNodeId AS b, count(r) AS n WHERE n > 1 RETURN count(n) = 0

MATCH ()-[r:SUGGESTED_HYPER_AA]->()
WHERE r.startNodeId > r.endNodeId
WITH r, r.startNodeId AS high, r.endNodeId AS low
SET r.startNodeId = low, r.endNodeId = high;

MATCH ()-[r:SUGGESTED_HYPER_AA]->()
WHERE r.startNodeId IS NOT NULL AND r.endNodeId IS NOT NULL
WITH r ORDER BY CASE WHEN r.score IS NULL OR isNaN(r.score) THEN -1.0 / 0.0 ELSE toFloat(r.score) END DESC, id(r)
WITH r.startNodeId AS low, r.endNodeId AS high, collect(r) AS same
UNWIND tail(same) AS worse
DELETE worse;

CREATE CONSTRAINT haa_pair IF NOT EXISTS
FOR ()-[r:SUGGESTED_HYPER_AA]-() REQUIRE (r.startNodeId, r.endNodeId) IS UNIQUE;
