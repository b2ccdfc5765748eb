import { api } from '../shared/api.ts';
import { documentsDoors } from './deps.ts';
import { documentsRoutes } from './routes.ts';
import { showDocument } from './show-document.ts';

export const handler = api(documentsRoutes, { showDocument, showDocumentUnderApi: showDocument }, documentsDoors);
