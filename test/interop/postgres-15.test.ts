import { testPostgres } from "./support/postgres-suite.ts";

testPostgres(15);
