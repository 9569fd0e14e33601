package fairlead_test

import (
	"testing"
	"time"

	"fairlead"
)

func TestAProjectRoleIsOneOfTwo(t *testing.T) {
	for _, role := range []fairlead.ProjectRole{fairlead.ProjectOwner, fairlead.ProjectDeveloper} {
		if got, ok := fairlead.ParseProjectRole(string(role)); !ok || got != role {
			t.Errorf("%s: got %q, %v", role, got, ok)
		}
	}
	for _, wrong := range []string{"", "member", "Owner", "owner "} {
		if got, ok := fairlead.ParseProjectRole(wrong); ok {
			t.Errorf("%q is %q", wrong, got)
		}
	}
}

func TestAProjectIsArchivedFromAMomentOn(t *testing.T) {
	if (fairlead.Project{}).IsArchived() || !(fairlead.Project{ArchivedAt: time.UnixMilli(1)}).IsArchived() {
		t.Error("IsArchived is wrong")
	}
}
