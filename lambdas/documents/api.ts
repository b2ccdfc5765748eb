import { createApi } from '../shared/http/api.ts';
import { documentsApiDeps } from './deps.ts';
import { documentsRoutes } from './routes.ts';
import { showDocument } from './show-document.ts';

export const handler = createApi(
  documentsRoutes,
  { showDocument, showDocumentUnderApi: showDocument },
  documentsApiDeps,
);
