/** Roles and rows that requests find. */

export const DATABASE = "bench";
/** Whom gateways log in as; it may become the two below. */
export const LOGIN = { user: "authenticator", password: "correct horse battery staple" } as const;
export const WEB = "web";
export const ANONYMOUS = "anon";
/** What is exposed. */
export const SCHEMA = "api";

/** An item is found by its id (1 to ITEMS); each shelf holds 100 of them. */
export const ITEMS = 100_000;
export const SHELVES = 1_000;
export const ORDERS = 20_000;
const CUSTOMERS = 5_000;

export const ROLES = `
  CREATE ROLE ${LOGIN.user} LOGIN NOINHERIT PASSWORD '${LOGIN.password}';
  CREATE ROLE ${WEB}; CREATE ROLE ${ANONYMOUS};
  GRANT ${WEB}, ${ANONYMOUS} TO ${LOGIN.user};`;

export const DATA: readonly string[] = [
  `CREATE SCHEMA ${SCHEMA};
   SET search_path = ${SCHEMA};
   CREATE TABLE items (id int PRIMARY KEY, shelf int NOT NULL, name text NOT NULL, price numeric NOT NULL,
     added_at timestamptz NOT NULL DEFAULT now());
   INSERT INTO items SELECT n, 1 + n % ${SHELVES}, 'item ' || n, n * 1.5 FROM generate_series(1, ${ITEMS}) AS n;
   CREATE INDEX ON items (shelf, id);
   CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
   INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, ${CUSTOMERS}) AS n;
   CREATE TABLE orders (id int PRIMARY KEY, placed_on date NOT NULL, customer_id int NOT NULL REFERENCES customers);
   INSERT INTO orders SELECT n, '2026-01-01'::date + n % 300, 1 + n % ${CUSTOMERS} FROM generate_series(1, ${ORDERS}) AS n;
   CREATE INDEX ON orders (customer_id);
   CREATE TABLE entries (order_id int REFERENCES orders, number int, item_id int NOT NULL REFERENCES items,
     quantity int NOT NULL, PRIMARY KEY (order_id, number));
   INSERT INTO entries SELECT o, n, 1 + (o * 7 + n) % ${ITEMS}, n FROM generate_series(1, ${ORDERS}) AS o, generate_series(1, 3) AS n;
   CREATE INDEX ON entries (item_id);
   CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, body text);
   CREATE FUNCTION price_of(item_id int) RETURNS numeric LANGUAGE sql STABLE
     BEGIN ATOMIC SELECT price FROM items WHERE id = item_id; END;
   GRANT USAGE ON SCHEMA ${SCHEMA} TO ${WEB}, ${ANONYMOUS};
   GRANT SELECT ON items TO ${ANONYMOUS};
   GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${WEB};`,
  "VACUUM ANALYZE", // outside a transaction
];
