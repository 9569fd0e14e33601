package handlers_test

import (
	"testing"
	"time"

	"fairlead"
)

func TestNobodyUsesUpTheHostsLimitOfSomebodyElse(t *testing.T) {
	s := newLinkSite(t)
	ana := s.joined("member")
	s.priya.post(s.project+"/members", "person", s.person(anasEmail).ID, "role", "developer").wantTo(s.project + "/members")
	for range 14 { // three requests each
		ana.post(s.link + "/check").wantTo(s.link)
	}
	for _, again := range []answer{ana.post(s.link + "/check"), ana.post(s.link + "/sync"), ana.get(s.link + "/why?commit=" + s.headOf("main"))} {
		again.want(429, "You asked a lot by the account of Priya Raman")
	}
	ana.post(s.link+"/edit", "step", "preview", "branch", "main").want(200, "You asked a lot by the account of Priya Raman")
	s.priya.post(s.link + "/check").wantTo(s.link)
	s.connect(ana)
	ana.post(s.link+"/edit", "step", "preview", "branch", "main").want(200, "migrations/0001_create.sql")
}

func TestWhoeverConnectsTheWrongAccountIsToldWhereTheyComeBack(t *testing.T) {
	s := newLinkSite(t)
	priya := s.person(priyasEmail)
	attempt := fairlead.Attempt{ID: "at_other", ProviderID: s.provider, PersonID: priya.ID, CreatedAt: s.now, ExpiresAt: s.now.Add(time.Minute)}
	g, err := s.db.FindGitProvider(t.Context(), s.provider)
	if err != nil {
		t.Fatal(err)
	}
	attempt.Digest = g.ApplicationID
	other, err := s.db.FinishConnectAttempt(t.Context(), s.actor(priyasEmail), attempt, &fairlead.Connection{Account: fairlead.Account{ID: "{other}", Name: "Priya at home"}})
	if err == nil {
		err = s.db.UpdateLinkConnection(t.Context(), s.actor(priyasEmail), s.linkID(), other.ID)
	}
	if err == nil {
		_, err = s.db.FailConnection(t.Context(), other.ID, other.Version, fairlead.ConnectionDead, fairlead.ConnectionMissing("", s.now))
	}
	if err != nil {
		t.Fatal(err)
	}
	back := s.connect(s.priya)
	if back.status == 303 {
		back = s.priya.follow(back)
	}
	back.want(200, "Connected as Priya Raman.", "Repository links that act by Priya at home: 1.", "connect again as Priya at home")
}

func TestADemotionTellsWhichLinksPause(t *testing.T) {
	s := newLinkSite(t)
	ana := s.joined("owner")
	s.connect(ana)
	path := s.linked(ana, "acme-data/customers-db", "branch", "main")
	s.priya.get(s.memberPath(anasEmail)).want(200, "This link pauses", "acme-data/customers-db")
	s.priya.post(s.memberPath(anasEmail)+"/role", "role", "member").wantTo("/settings/members")
	s.priya.get(path).want(200, "Paused", "Ana Brandt is no longer a workspace owner.")
}
