/** The demo's database: a small shop with roles of different rights, row-level security, a view and a function. */

/** The database of Postern's own store, and its role. */
export const STORE = "postern";

/** Every demo role has it; only Postern knows it, and it changes with each new data directory. */
export function sampleSql(password: string): { readonly roles: string; readonly shop: string } {
  const login = `LOGIN PASSWORD '${password.replaceAll("'", "''")}'`;
  return {
    roles: `
CREATE ROLE shop_owner ${login};

CREATE ROLE analyst ${login};

CREATE ROLE clerk_north ${login};

CREATE ROLE clerk_south ${login};

CREATE ROLE visitor;

CREATE ROLE authenticator NOINHERIT ${login};

GRANT shop_owner, analyst, clerk_north, clerk_south, visitor TO authenticator;

CREATE DATABASE shop OWNER shop_owner;

CREATE ROLE ${STORE} ${login};

CREATE DATABASE ${STORE} OWNER ${STORE};

REVOKE ALL ON DATABASE ${STORE} FROM PUBLIC;
`,
    shop: `
REVOKE ALL ON DATABASE shop FROM PUBLIC;

GRANT CONNECT ON DATABASE shop TO shop_owner, analyst, clerk_north, clerk_south, authenticator;

SET ROLE shop_owner;

CREATE TABLE products (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  price numeric(8,2) NOT NULL CHECK (price >= 0)
);

CREATE TABLE orders (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  product_id integer NOT NULL REFERENCES products,
  region text NOT NULL CHECK (region IN ('north', 'south')),
  quantity integer NOT NULL CHECK (quantity > 0),
  ordered_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE orders IS 'A clerk sees and enters the orders of one region only';

INSERT INTO products (name, price) VALUES
  ('lantern', 24.90), ('rope, 10 m', 12.50), ('whetstone', 7.20), ('bread', 3.10);

INSERT INTO orders (product_id, region, quantity, ordered_at)
SELECT 1 + n % 4, CASE WHEN n % 3 = 0 THEN 'south' ELSE 'north' END, 1 + n % 5, timestamptz '2026-01-01 08:00+00' + n * interval '7 hours'
FROM generate_series(1, 120) AS n;

ALTER TABLE orders ENABLE ROW LEVEL SECURITY;

CREATE POLICY everything_for_analysts ON orders FOR SELECT TO analyst USING (true);

CREATE POLICY own_region ON orders TO clerk_north, clerk_south
  USING (region = substr(current_user, 7)) WITH CHECK (region = substr(current_user, 7));

CREATE VIEW turnover WITH (security_invoker = true) AS
  SELECT region, date_trunc('month', ordered_at) AS month, sum(quantity * price) AS amount
  FROM orders JOIN products ON products.id = product_id
  GROUP BY region, month;

CREATE FUNCTION best_seller(wanted text) RETURNS text LANGUAGE sql STABLE
  RETURN (SELECT name FROM orders JOIN products ON products.id = product_id
          WHERE region = wanted GROUP BY name ORDER BY sum(quantity) DESC, name LIMIT 1);

GRANT SELECT ON products TO visitor;

GRANT SELECT ON products, orders, turnover TO analyst;

GRANT SELECT ON products, turnover TO clerk_north, clerk_south;

GRANT SELECT, INSERT, UPDATE ON orders TO clerk_north, clerk_south;
`,
  };
}

/** A person of the demo: what its token says, and what to try with it. */
export interface SampleIdentity {
  readonly name: string;
  /** The database roles that the token names. */
  readonly roles: readonly string[];
  /** The groups that the token names, which policy knows. */
  readonly groups: readonly string[];
  readonly about: string;
  readonly sql: string;
  /** The same or something like it over HTTP. */
  readonly request: string;
}

/** Who comes over HTTP without a token. */
export const ANONYMOUS_ROLE = "visitor";
/** Whom the REST door logs in as, to become the role of each request. */
export const AUTHENTICATOR = "authenticator";

export const SAMPLE_IDENTITIES: readonly SampleIdentity[] = [
  {
    name: "ada",
    roles: ["analyst"],
    groups: ["engineers"],
    about: "reads everything, changes nothing",
    sql: "SELECT * FROM turnover ORDER BY month, region",
    request: "turnover?order=month,region",
  },
  {
    name: "ben",
    roles: ["clerk_north"],
    groups: ["engineers"],
    about: "sees and enters the orders of one region only (row-level security)",
    sql: "SELECT region, count(*) FROM orders GROUP BY region",
    request: "orders?select=id,quantity,products(name)&order=id&limit=3",
  },
  {
    name: "cleo",
    roles: ["shop_owner", "analyst"],
    groups: ["leads"],
    about: "may be either of two roles, and the user name chooses",
    sql: "SELECT current_user, best_seller('south')",
    request: "rpc/best_seller?wanted=south",
  },
];
