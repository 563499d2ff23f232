import YANG
