package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"fairlead"
)

// connectionColumns are what everybody may know of a connection; sealedColumns are its tokens.
const (
	connectionColumns = `c.id, c.provider_id, c.person_id, p.name, c.account_id, c.account_name, c.state, c.diagnosis, c.version,
		c.created_at, c.authorized_at, c.refreshed_at, c.token_expires_at, c.scopes`
	sealedColumns    = `, c.access_sealed, c.refresh_sealed`
	connectionTables = ` FROM connections c JOIN people p ON p.id = c.person_id `
	noConnection     = "There is no such connection. It may have been removed."
)

func accessPlace(id string) string  { return "connections/" + id + "/access" }
func refreshPlace(id string) string { return "connections/" + id + "/refresh" }

// scanConnection reads connectionColumns, and more where a query has more.
func scanConnection(row scanner, more ...any) (c fairlead.Connection, err error) {
	var (
		diagnosis                            sql.NullString
		scopes                               string
		made, authorized, refreshed, expires sql.NullInt64
	)
	if err = row.Scan(append([]any{&c.ID, &c.ProviderID, &c.Person.ID, &c.Person.Name, &c.Account.ID, &c.Account.Name, &c.State, &diagnosis, &c.Version,
		&made, &authorized, &refreshed, &expires, &scopes}, more...)...); err != nil {
		return c, err
	}
	c.CreatedAt, c.AuthorizedAt, c.RefreshedAt, c.Tokens.ExpiresAt = instant(made), instant(authorized), instant(refreshed), instant(expires)
	return c, errors.Join(decode(diagnosis, &c.Diagnosis), json.Unmarshal([]byte(scopes), &c.Tokens.Scopes))
}

// scanOpened is scanConnection with the tokens.
func (d *DB) scanOpened(row scanner) (c fairlead.Connection, err error) {
	var access, refresh []byte
	if c, err = scanConnection(row, &access, &refresh); err != nil {
		return c, err
	}
	var errs [2]error
	c.Tokens.Access, errs[0] = d.keyring.open(access, accessPlace(c.ID))
	c.Tokens.Refresh, errs[1] = d.keyring.open(refresh, refreshPlace(c.ID))
	return c, errors.Join(errs[:]...)
}

// FindConnection returns a connection with its tokens.
func (d *DB) FindConnection(ctx context.Context, id string) (fairlead.Connection, error) {
	return d.findConnection(ctx, d.reader, id)
}

func (d *DB) findConnection(ctx context.Context, q querier, id string) (fairlead.Connection, error) {
	c, err := d.scanOpened(q.QueryRowContext(ctx, `SELECT `+connectionColumns+sealedColumns+connectionTables+`WHERE c.id = $1`, id))
	return c, notFound(err, noConnection)
}

// ListConnections returns a person's connections without their tokens, oldest first, and the links that act by each.
func (d *DB) ListConnections(ctx context.Context, personID string) ([]fairlead.ConnectionUse, error) {
	return d.listUses(ctx, fairlead.LinkFilter{PersonID: personID}, `WHERE c.person_id = $1 ORDER BY c.created_at, c.id`, personID)
}

// ListProviderConnections returns everybody's connections with one Git provider, by person, without their tokens, and the
// links that act by each.
func (d *DB) ListProviderConnections(ctx context.Context, providerID string) ([]fairlead.ConnectionUse, error) {
	return d.listUses(ctx, fairlead.LinkFilter{ProviderID: providerID}, `WHERE c.provider_id = $1 ORDER BY p.name, c.created_at, c.id`, providerID)
}

func (d *DB) listUses(ctx context.Context, filter fairlead.LinkFilter, which, arg string) ([]fairlead.ConnectionUse, error) {
	connections, err := list(ctx, d.reader, func(row scanner) (fairlead.Connection, error) { return scanConnection(row) },
		`SELECT `+connectionColumns+connectionTables+which, arg)
	if err != nil {
		return nil, err
	}
	links, err := d.ListRepositoryLinks(ctx, filter)
	if err != nil {
		return nil, err
	}
	by := map[string][]fairlead.RepositoryLink{}
	for _, l := range links {
		by[l.Connection.ID] = append(by[l.Connection.ID], l)
	}
	var uses []fairlead.ConnectionUse
	for _, c := range connections {
		uses = append(uses, fairlead.ConnectionUse{Connection: c, Links: by[c.ID]})
	}
	return uses, nil
}

// ListIdleConnections returns the connections that are alive and whose tokens were issued before that time, with their
// tokens, the longest idle first.
func (d *DB) ListIdleConnections(ctx context.Context, before time.Time) ([]fairlead.Connection, error) {
	return list(ctx, d.reader, d.scanOpened, `
		SELECT `+connectionColumns+sealedColumns+connectionTables+`
		WHERE c.state = 'alive' AND c.refreshed_at < $1 ORDER BY c.refreshed_at, c.id`, millis(before))
}

// putConnection stores what an attempt brought: a new connection, or new life for the one of the same account.
func (t tx) putConnection(ctx context.Context, by fairlead.Actor, a fairlead.Attempt, c fairlead.Connection) (fairlead.Connection, error) {
	action := "connection.renewed"
	err := t.QueryRowContext(ctx, `SELECT id, version FROM connections WHERE person_id = $1 AND provider_id = $2 AND account_id = $3`,
		a.PersonID, a.ProviderID, c.Account.ID).Scan(&c.ID, &c.Version)
	if errors.Is(err, sql.ErrNoRows) {
		if action, c.Version = "connection.created", 0; c.ID == "" {
			c.ID = fairlead.NewID(t.db.random, fairlead.PrefixConnection)
		}
		_, err = t.exec(ctx, `
			INSERT INTO connections (id, provider_id, person_id, account_id, account_name, state, access_sealed, refresh_sealed, scopes, version, created_at, authorized_at, refreshed_at)
			VALUES ($1, $2, $3, $4, '', 'alive', x'', x'', '[]', 0, $5, $6, $7)`,
			c.ID, a.ProviderID, a.PersonID, c.Account.ID, millis(t.now), millis(t.now), millis(t.now))
	}
	if err != nil {
		return c, err
	}
	if _, err := t.exec(ctx, `UPDATE connections SET state = 'alive', diagnosis = NULL, account_name = $1, authorized_at = $2 WHERE id = $3`,
		c.Account.Name, millis(t.now), c.ID); err != nil {
		return c, err
	}
	if _, err := t.saveTokens(ctx, c.ID, c.Version, c.Tokens); err != nil {
		return c, err
	}
	links, err := list(ctx, t, scanText, `SELECT id FROM repository_links WHERE connection_id = $1`, c.ID)
	if err != nil {
		return c, err
	}
	for _, id := range links {
		if err := t.requeue(ctx, id); err != nil {
			return c, err
		}
	}
	stored, err := t.db.findConnection(ctx, t, c.ID)
	return stored, errors.Join(err, t.audit(ctx, by, action, c.ID, stored.Account.Name))
}

// SaveTokens stores what the host issued in the place of the tokens of that version. Of several callers with the same
// version one gets true; the others find newer tokens in the row.
func (d *DB) SaveTokens(ctx context.Context, id string, version int64, tokens fairlead.Tokens) (saved bool, err error) {
	err = d.write(ctx, func(t tx) error {
		n, err := t.saveTokens(ctx, id, version, tokens)
		saved = n == 1
		return err
	})
	return saved, err
}

func (t tx) saveTokens(ctx context.Context, id string, version int64, tokens fairlead.Tokens) (int64, error) {
	return t.exec(ctx, `
		UPDATE connections SET access_sealed = $1, refresh_sealed = $2, token_expires_at = $3, scopes = $4, refreshed_at = $5, version = version + 1
		WHERE id = $6 AND version = $7`,
		t.db.keyring.seal(tokens.Access, accessPlace(id)), t.db.keyring.seal(tokens.Refresh, refreshPlace(id)), millis(tokens.ExpiresAt),
		asJSON(tokens.Scopes), millis(t.now), id, version)
}

// FailConnection says why a connection cannot be used, unless its version is no longer that one: then somebody revived it.
func (d *DB) FailConnection(ctx context.Context, id string, version int64, state fairlead.ConnectionState, diagnosis *fairlead.Diagnosis) (failed bool, err error) {
	err = d.write(ctx, func(t tx) error {
		n, err := t.exec(ctx, `UPDATE connections SET state = $1, diagnosis = $2, version = version + 1 WHERE id = $3 AND version = $4`,
			string(state), encode(diagnosis), id, version)
		if failed = n == 1; err != nil || !failed {
			return err
		}
		c, err := t.db.findConnection(ctx, t, id)
		if err != nil {
			return err
		}
		detail := fmt.Sprintf("%s of %s", c.Account.Name, c.Person.Name)
		if diagnosis != nil {
			detail += ": " + string(diagnosis.Code)
		}
		return t.audit(ctx, fairlead.System(), "connection.failed", id, detail)
	})
	return failed, err
}

// RemoveConnection forgets a connection and its tokens, and returns the links that lost it: why is the sentence that they
// show. Removing a removed one changes nothing.
func (d *DB) RemoveConnection(ctx context.Context, by fairlead.Actor, id, why string) (lost []fairlead.RepositoryLink, err error) {
	err = d.write(ctx, func(t tx) error {
		lost, err = t.removeConnection(ctx, by, id, why)
		return err
	})
	return lost, err
}

func (t tx) removeConnection(ctx context.Context, by fairlead.Actor, id, why string) ([]fairlead.RepositoryLink, error) {
	c, err := scanConnection(t.QueryRowContext(ctx, `SELECT `+connectionColumns+connectionTables+`WHERE c.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lost, err := t.loseConnections(ctx, by, why, `l.connection_id = $1`, id)
	if err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, `DELETE FROM connections WHERE id = $1`, id); err != nil {
		return nil, err
	}
	return lost, t.audit(ctx, by, "connection.removed", id, fmt.Sprintf("%s of %s", c.Account.Name, c.Person.Name))
}

// removeConnections forgets all connections of a person or of a Git provider.
func (t tx) removeConnections(ctx context.Context, by fairlead.Actor, why, where, arg string) error {
	ids, err := list(ctx, t, scanText,
		`SELECT id FROM connections WHERE `+where+` ORDER BY created_at, id`, arg)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := t.removeConnection(ctx, by, id, why); err != nil {
			return err
		}
	}
	return nil
}

// renewConnections asks everybody with a connection to authorize again, since the host issued their tokens to an
// application that is no longer used. Windows that are open at the host are for that one too.
func (t tx) renewConnections(ctx context.Context, g fairlead.GitProvider) error {
	if _, err := t.exec(ctx, `UPDATE connections SET state = 'renew', diagnosis = $1, version = version + 1 WHERE provider_id = $2`,
		encode(fairlead.ConnectionReplaced(g.DisplayName, t.now)), g.ID); err != nil {
		return err
	}
	return t.cancelConnectAttempts(ctx, g.ID)
}
