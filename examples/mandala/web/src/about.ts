/** The second page: words only, with the same footer. */

import "./style.css";
import { HttpApi } from "./api";
import { showApiRelease, showPageRelease } from "./release";

void showPageRelease();
// Without an answer the footer keeps its dash.
new HttpApi(showApiRelease).version().catch(() => undefined);
